/**
 * What a person may send to the bank's support: no serial number, label, name or account, nor a path that holds the user's
 * name. Only what is known to be harmless is let through; whatever is new is left out until somebody looks at it.
 */
import { basename } from 'node:path';
import type { ErrorDetails } from '../../web-bridge/protocol/errors.ts';

/** Details of errors that are words of ours or of PKCS#11's, and numbers. */
const SHAREABLE = ['reason', 'rv', 'fn', 'operation', 'step', 'deadlineMs', 'exitCode', 'signal', 'variable', 'trial'];

/** Folders that installers write to, the same on everybody's computer. */
const SYSTEM_FOLDERS =
  /^(\/usr\/|\/lib\/|\/lib64\/|\/opt\/|\/etc\/|\/Library\/|[A-Z]:\\(Windows|Program Files( \(x86\))?)\\)/;
const ELSEWHERE = '…';

/** A path is a fact of this computer alone, unless every installer writes there. */
export function pathObservation(path: string): { readonly fact: string; readonly shared: string } {
  return { fact: path, shared: shareablePath(path) };
}

export function shareablePath(path: string): string {
  return SYSTEM_FOLDERS.test(path) ? path : ELSEWHERE;
}

/** A reason may name a path ("… may be written by others"), which then tells more than the reason. */
export function shareableDetails(details: ErrorDetails): string {
  const facts = Object.entries(details).flatMap(([name, value]) => {
    if (name === 'module') return [shareablePath(String(value))];
    if (name === 'file') return [basename(String(value)) === 'agent.json' ? 'agent.json' : ELSEWHERE];
    return SHAREABLE.includes(name) ? [String(value).replaceAll(/\/\S*/g, ELSEWHERE)] : [];
  });
  return facts.join('  ');
}
