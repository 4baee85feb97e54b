/** A crowd in front of the bridge: a program of its own, so that its work is not that of whoever measures. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** `idle`: that many sockets that say nothing; `refused`: that many strangers a second. */
export type Crowd = 'idle' | 'refused';

const PROGRAM = `
  const { connect } = require('net');
  const [port, what, count] = process.argv.slice(1);
  const head = 'GET / HTTP/1.1\\r\\nHost: 127.0.0.1:' + port + '\\r\\nOrigin: https://evil.example\\r\\nUpgrade: websocket\\r\\n'
    + 'Connection: Upgrade\\r\\n\\r\\n';
  const dial = () => connect(+port, '127.0.0.1').on('error', () => {}).resume();
  let made = 0;
  const wave = setInterval(() => {
    if (what === 'idle' && made >= count) return clearInterval(wave);
    for (let each = 0; each < (what === 'idle' ? 100 : count / 20); each += 1, made += 1) {
      if (what === 'idle') dial(); else dial().end(head);
    }
    console.log(made);
  }, 50);
  setInterval(() => {}, 1000);
`;

/** Answers when `until` have come; the caller ends the process. */
export async function gather(port: number, what: Crowd, count: number, until: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', PROGRAM, String(port), what, String(count)], {
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) if (Number(line) >= until) break;
  return child;
}
