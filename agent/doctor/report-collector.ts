/** Collects the errors that other rooms would write to the log, so that `inkan doctor` can show them. */
import { AgentError, type ErrorDetails, isErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Report } from '../records/log.ts';

export function reportCollector(): { readonly errors: readonly AgentError[]; readonly report: Report } {
  const errors: AgentError[] = [];
  const report: Report = (_, { code, ...rest } = {}) => {
    if (typeof code === 'string' && isErrorCode(code)) errors.push(new AgentError(code, plain(rest)));
  };
  return { errors, report };
}

function plain(details: Readonly<Record<string, unknown>>): ErrorDetails {
  const entries = Object.entries(details).filter(([name]) => name !== 'cause');
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]));
}
