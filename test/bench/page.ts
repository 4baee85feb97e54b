/** The bank's page without a browser around it: a WebSocket with an Origin, JSON-RPC, and the agent's events. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { PROTOCOL } from '../../web-bridge/protocol/address.ts';

export type Page = {
  call(method: string, params?: object): Promise<unknown>;
  /** The next state that is final, of whichever enrollment, or the error that makes it wait. */
  settled(): Promise<string>;
  /** When an enrollment that is watched comes to this state. */
  reached(state: string): Promise<void>;
  close(): Promise<void>;
};

type Answer = {
  id?: number;
  method?: string;
  params?: { state?: string; error?: { code: string } };
  result?: unknown;
  error?: unknown;
};

export async function openPage(port: number, origin: string): Promise<Page> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, PROTOCOL, { origin });
  await once(socket, 'open');
  const waiting = new Map<number, (answer: Answer) => void>();
  const settling: ((state: string) => void)[] = [];
  const awaited = new Map<string, () => void>();
  let lastId = 0;
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString('utf8')) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    const { state = '', error } = answer.params ?? {};
    awaited.get(state)?.();
    const end = error?.code ?? (['completed', 'failed', 'abandoned'].includes(state) ? state : undefined);
    if (end !== undefined) for (const tell of settling.splice(0)) tell(end);
  });
  return {
    async call(method, params = {}) {
      lastId += 1;
      const id = lastId;
      const answer = await new Promise<Answer>((resolve) => {
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      });
      waiting.delete(id);
      if (answer.error) throw new Error(JSON.stringify(answer.error));
      return answer.result;
    },
    reached: (state) => new Promise((resolve) => awaited.set(state, resolve)),
    settled: () => new Promise((resolve) => settling.push(resolve)),
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/** From the order in the page's hand to the certificate on the token. */
export async function enrollThrough(page: Page, order: string): Promise<void> {
  const { enrollment } = (await page.call('enroll', { order })) as { enrollment: string };
  const settled = page.settled();
  const { state } = (await page.call('watch', { enrollment })) as { state: string };
  const final = state === 'completed' || state === 'failed' ? state : await settled;
  if (final === 'completed') return;
  throw new Error(`${final}: ${JSON.stringify(await page.call('watch', { enrollment }))}`);
}
