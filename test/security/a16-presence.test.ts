/** A16: a strange origin learns nothing: the same bytes whether a token is in or not, whatever the agent is doing. */
import { expect } from 'chai';
import { call, handshake, knock, REFUSAL } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

describe('A16: what a strange origin learns', () => {
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());

  const STRANGER = 'https://evil.example';
  /** What a stranger may try, from a browser and beside one. */
  const answers = (): Promise<string[]> => {
    const { port } = target;
    const plain = { Upgrade: undefined, Connection: 'close' };
    return Promise.all(
      [
        handshake(port, STRANGER),
        handshake(port, STRANGER, plain),
        handshake(port, STRANGER, { ...plain, 'Content-Length': '0' }, 'POST / HTTP/1.1'),
        handshake(port, STRANGER, plain, 'OPTIONS / HTTP/1.1'),
        handshake(port, STRANGER, plain, 'GET /status HTTP/1.1'),
        handshake(port, ORIGIN, { Host: `rebound.example:${port}` }),
      ].map((bytes) => knock(port, bytes)),
    );
  };

  const SITUATIONS: [string, (target: Target) => Promise<unknown>][] = [
    ['with the token in', async ({ module }) => module.pull(false)],
    ['with the token out', async ({ module }) => module.pull(true)],
    [
      'while a dialog is open',
      async (target) => {
        target.module.pull(false);
        target.dialogs.answer('wait');
        const page = await target.page();
        await call(page, 'enroll', { order: await target.bank.order() });
        while (target.dialogs.shown().length === 0) await new Promise((later) => setTimeout(later, 20));
      },
    ],
    ['while the bank has all the connections it may have', (target) => fill(target)],
  ];
  for (const [name, arrange] of SITUATIONS)
    it(`${name}: the same bytes`, async () => {
      await arrange(target);
      await target.forget();
      expect(new Set(await answers())).to.deep.equal(new Set([REFUSAL]));
      expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
    });

  it('the bytes name neither product, version nor time', () => {
    expect(REFUSAL).not.to.match(/inkan|\d+\.\d+\.\d+|date|server|access-control/i);
  });
});

async function fill(target: Target): Promise<void> {
  for (;;) if (!(await target.page().catch(() => undefined))) return;
}
