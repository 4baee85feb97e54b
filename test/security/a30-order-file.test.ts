/** A30: there is no custom URL scheme; what such a link would carry comes to `inkan enroll --order`, which takes no more. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { standTarget, type Target } from '../stage/target.ts';

const INKAN = resolve(import.meta.dirname, '../../agent/cli/index.js');

describe('A30: an order from a file or from stdin', function () {
  this.timeout(60_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());
  beforeEach(() => target.forget());
  afterEach(() => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 }));

  function inkan(args: readonly string[], input = ''): { status: number | null; said: string } {
    const env = { ...target.pc.environment, ...target.dialogs.environment };
    const options = { env, input, encoding: 'utf8', timeout: 20_000, cwd: target.folder } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [INKAN, ...args], options);
    return { status, said: stdout + stderr };
  }
  const enroll = (order: string, profile = 'stage-bank') =>
    inkan(['enroll', '--profile', profile, '--order', '-'], order);

  const ORDERS: [string, (target: Target) => Promise<string>, string][] = [
    [
      'unsigned',
      async ({ bank }) => `${part({ alg: 'none', kid: bank.key.kid, typ: 'inkan-order+jwt' })}.${part(bank.claims())}.`,
      'ERR_POLICY_ORDER_SIGNATURE_INVALID',
    ],
    ['bare JSON', async ({ bank }) => JSON.stringify(bank.claims()), 'ERR_POLICY_ORDER_MALFORMED'],
    [
      "foreign: another bank's",
      ({ other }) => other.order({ origin: 'https://www.other.example' }),
      'ERR_POLICY_ORDER_ISSUER_UNKNOWN',
    ],
    [
      "foreign: by another bank's key",
      (target) => target.forge(target.bank.claims(), { kid: target.bank.key.kid }, target.other),
      'ERR_POLICY_ORDER_SIGNATURE_INVALID',
    ],
    [
      "of a stranger's origin",
      (target) => target.forge({ ...target.bank.claims(), origin: 'https://evil.example' }),
      'ERR_POLICY_ORDER_ORIGIN_MISMATCH',
    ],
    [
      'expired',
      (target) => target.forge({ ...target.bank.claims(), iat: 1_700_000_000, exp: 1_700_000_300 }),
      'ERR_POLICY_ORDER_EXPIRED',
    ],
    ['64 KB', async ({ bank }) => `${await bank.order()}${'A'.repeat(65_536)}`, 'ERR_POLICY_ORDER_MALFORMED'],
    [
      'a URL of a scheme',
      async ({ bank }) => `inkan://enroll?order=${await bank.order()}`,
      'ERR_POLICY_ORDER_MALFORMED',
    ],
    ['nothing', async () => '', 'ERR_POLICY_ORDER_MALFORMED'],
  ];
  for (const [name, order, code] of ORDERS)
    it(`${name}: refused by ${code}`, async () => {
      const { status, said } = enroll(await order(target));
      expect(said).to.include(code);
      expect(status).to.equal(1);
    });

  it('arguments are arguments: what looks like an option, a path or a command is none', async () => {
    const good = await target.bank.order();
    const file = join(target.folder, 'order');
    writeFileSync(file, good);
    for (const args of [
      ['enroll', '--profile', '../../etc/passwd', '--order', file],
      ['enroll', '--profile', 'stage-bank', '--order', `${file};id`],
      ['enroll', '--profile', 'stage-bank', '--order', `$(cat ${file})`],
      ['enroll', '--profile', 'stage-bank', '--order', `inkan://enroll --order=${file}`],
      ['enroll', '--profile', 'stage-bank', '--order', 'https://evil.example/order'],
      ['enroll', '--profile', 'stage-bank', '--order', file, '--module', '/tmp/evil.so'],
      ['enroll', '--profile', 'stage-bank', '--order', file, '--origin', 'https://evil.example'],
      ['enroll', '--profile', 'stage-bank', '--order', file, '--pin', '73915846'],
      ['enroll', '--profile', 'stage-bank', file],
      ['inkan://enroll'],
    ]) {
      const { status, said } = inkan(args);
      expect(status, `${args.join(' ')}: ${said}`).to.equal(1);
    }
  });

  it('no URL scheme is registered by anything that we ship', () => {
    const listed = spawnSync('git', ['grep', '-lE', 'x-scheme-handler|CFBundleURLSchemes|URL Protocol'], {
      cwd: resolve(import.meta.dirname, '../../..'),
      encoding: 'utf8',
    });
    expect(listed.stdout.split('\n').filter((file) => file && !file.startsWith('test/'))).to.deep.equal([]);
  });
});

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
