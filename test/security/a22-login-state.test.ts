/** A22: a log-in to the token ends with the operation it was made for. Whoever comes next meets a new PIN dialog. */
import { expect } from 'chai';
import { createNonce } from '../../web-bridge/bank/login.ts';
import { childrenOf, isGone, until } from '../contract/processes.ts';
import { standTarget, type Target } from '../stage/target.ts';

describe('A22: the log-in state of the token', function () {
  this.timeout(60_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());

  /** The calls of an operation, and how often a human was asked for the PIN in it. */
  async function watched(operation: () => Promise<unknown>): Promise<{ calls: string[]; pins: number }> {
    const [calls, dialogs] = [target.module.calls().length, target.dialogs.shown().length];
    await operation();
    await until('the token host is gone', () => childrenOf(process.pid).every(isGone), 5_000);
    const pins = target.dialogs
      .shown()
      .slice(dialogs)
      .filter(({ request }) => request === 'GETPIN');
    return { calls: target.module.calls().slice(calls), pins: pins.length };
  }

  const OPERATIONS: [string, (target: Target) => Promise<unknown>][] = [
    ['an acquisition by one bank', (target) => target.enroll({ keys: ['ec-p256'] })],
    ['a log-in at it', (target) => target.logIn(createNonce())],
    ['another log-in at once', (target) => target.logIn(createNonce())],
    [
      'an acquisition by another bank, from another origin',
      (target) => target.enroll({ keys: ['ec-p256'] }, target.other),
    ],
  ];
  for (const [name, operation] of OPERATIONS)
    it(`${name}: one PIN of its own, and the module is finalized at its end`, async () => {
      const { calls, pins } = await watched(() => operation(target));
      expect(pins).to.equal(1);
      expect(calls.at(-1)).to.equal('C_Finalize');
      const count = (wanted: string) => calls.filter((called) => called === wanted).length;
      expect(count('C_Initialize')).to.equal(count('C_Finalize'));
      // A PIN is used again where the module is started anew within the operation, and nowhere else.
      expect(count('C_Login')).to.be.within(1, 2);
    });
});
