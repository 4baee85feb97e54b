/**
 * Decides who may connect. Every request is judged here before it is answered, whether it is an upgrade or not. A row is a
 * test, with the reason for the log. The answer to a stranger is always the same bytes, so it tells neither the reason nor
 * anything about the agent.
 */
import { PROTOCOL } from '../protocol/address.ts';

/** The head of a request. `rawHeaders` still has what parsed headers merge, such as two Origins. */
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
  // DNS rebinding shows in Host, which is then the attacker's name. Its same-origin GET has no Origin, so both are checked.
  { passes: (head, { port }) => only(head, 'host') === `127.0.0.1:${port}`, reason: 'host' },
  { passes: (head, { origins }) => origins.has(only(head, 'origin') ?? ''), reason: 'origin' },
  // Sandboxed frames, data: and file: pages all send `null`, so it is refused even if a list has it.
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

/** The origin of the page if it may connect, or the reason why it may not. */
export function admit(head: Head, rules: Rules): { origin: string } | { refused: string } {
  const failed = GUARDS.find(({ passes }) => !passes(head, rules));
  return failed ? { refused: failed.reason } : { origin: only(head, 'origin') ?? '' };
}
