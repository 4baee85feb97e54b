/**
 * The parts of a finding that a person may send to the bank's support. They have no serial number, label, name or account, and no
 * path with the user's name. Only listed details pass, so that a new detail is left out until somebody lists it.
 */
import { basename } from 'node:path';
import type { ErrorDetails } from '../../web-bridge/protocol/errors.ts';

/** The error details that hold only our own words, names from PKCS#11, or numbers. */
const SHAREABLE = ['reason', 'rv', 'fn', 'operation', 'step', 'deadlineMs', 'exitCode', 'signal', 'variable', 'trial'];

/** Folders that installers write to. They are the same on every computer. */
const SYSTEM_FOLDERS =
  /^(\/usr\/|\/lib\/|\/lib64\/|\/opt\/|\/etc\/|\/Library\/|[A-Z]:\\(Windows|Program Files( \(x86\))?)\\)/;
const ELSEWHERE = '…';

/** A path is shared only if it lies in one of these folders. */
export function pathObservation(path: string): { readonly fact: string; readonly shared: string } {
  return { fact: path, shared: shareablePath(path) };
}

export function shareablePath(path: string): string {
  return SYSTEM_FOLDERS.test(path) ? path : ELSEWHERE;
}

/** Paths inside a detail are replaced: a reason may name one ("… may be written by others"). */
export function shareableDetails(details: ErrorDetails): string {
  const facts = Object.entries(details).flatMap(([name, value]) => {
    if (name === 'module') return [shareablePath(String(value))];
    if (name === 'file') return [basename(String(value)) === 'agent.json' ? 'agent.json' : ELSEWHERE];
    return SHAREABLE.includes(name) ? [String(value).replaceAll(/\/\S*/g, ELSEWHERE)] : [];
  });
  return facts.join('  ');
}
