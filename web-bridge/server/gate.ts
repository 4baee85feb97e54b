/**
 * Who may come in. Every request passes here, upgrade or not, before anything is answered. A row is a test and the
 * reason for the log; the answer to a stranger is always the same bytes, whatever the reason and whatever the agent does.
 */
import { PROTOCOL } from '../protocol/address.ts';

/** The head of a request as it came: `rawHeaders` keeps what a parsed record would merge, such as two Origins. */
export type Head = {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
};

export type Rules = { readonly port: number; readonly origins: ReadonlySet<string> };

function values(head: Head, name: string): string[] {
  const found: string[] = [];
  for (let index = 0; index + 1 < head.rawHeaders.length; index += 2) {
    if (head.rawHeaders[index]?.toLowerCase() === name) found.push(head.rawHeaders[index + 1] ?? '');
  }
  return found;
}

/** The one value of a header that must come exactly once. */
function only(head: Head, name: string): string | undefined {
  const found = values(head, name);
  return found.length === 1 ? found[0] : undefined;
}

const tokens = (head: Head, name: string): string[] =>
  values(head, name).flatMap((value) => value.split(',').map((token) => token.trim().toLowerCase()));

type Guard = { readonly passes: (head: Head, rules: Rules) => boolean; readonly reason: string };

const GUARDS: readonly Guard[] = [
  // A rebound name arrives here with its own Host; a same-origin GET then carries no Origin, so both are checked.
  { passes: (head, { port }) => only(head, 'host') === `127.0.0.1:${port}`, reason: 'host' },
  { passes: (head, { origins }) => origins.has(only(head, 'origin') ?? ''), reason: 'origin' },
  // `null` is what sandboxed frames, data: and file: all send, whatever a list may say.
  { passes: (head) => only(head, 'origin') !== 'null', reason: 'origin' },
  { passes: ({ method }) => method === 'GET', reason: 'method' },
  { passes: ({ url }) => url === '/', reason: 'path' },
  // RFC 6455 §4.2.1.
  { passes: (head) => only(head, 'upgrade')?.toLowerCase() === 'websocket', reason: 'upgrade' },
  { passes: (head) => tokens(head, 'connection').includes('upgrade'), reason: 'upgrade' },
  { passes: (head) => only(head, 'sec-websocket-version') === '13', reason: 'version' },
  { passes: (head) => /^[+/0-9A-Za-z]{22}==$/.test(only(head, 'sec-websocket-key') ?? ''), reason: 'key' },
  { passes: (head) => only(head, 'sec-websocket-protocol') === PROTOCOL, reason: 'protocol' },
];

/** The origin of the page if it may come in, or the reason why not. */
export function admit(head: Head, rules: Rules): { origin: string } | { refused: string } {
  const failed = GUARDS.find(({ passes }) => !passes(head, rules));
  return failed ? { refused: failed.reason } : { origin: only(head, 'origin') ?? '' };
}
