/** `inkan` as people and scripts use it: a process for each command, on one PC with a real token and a CA on real HTTPS. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createLocks } from '../../agent/records/lock.ts';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import { until } from '../contract/processes.ts';
import { type EnrollmentSetup, setUpEnrollment } from '../stage/enrollment-setup.ts';
import { refusalOf } from '../stage/refusal.ts';
import { type CommandEnd, type CommandOptions, INKAN, inkan, serveAgent, startInkan } from '../stage/served-agent.ts';
import { objectsOn } from '../stage/witness.ts';

const INKAN_BANK = resolve(import.meta.dirname, '../../web-bridge/bank/cli.js');
const PORTS = [17157, 17158, 17159];
const HELD = new AbortController().signal;

type ErrorJson = { error: { code: string; support: string; words: Record<'ja' | 'en', Record<string, string>> } };

/** Holds a command to what machines rely on: exit status, the code, words in both languages. */
function expectError({ status, json, stdout }: CommandEnd, code: ErrorCode): void {
  const { error } = (json ?? {}) as Partial<ErrorJson>;
  expect(error?.code, stdout).to.equal(code);
  expect(error?.support).to.match(/^[A-Z]\d\d$/);
  for (const language of ['ja', 'en'] as const) {
    expect(Object.keys(error?.words[language] ?? {})).to.deep.equal(['what', 'remedy']);
  }
  expect(status).to.equal(1);
}

async function occupy(ports: readonly number[]): Promise<Server[]> {
  return await Promise.all(
    ports.map(async (port) => {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
}

describe('integration: the command line', () => {
  let stage: EnrollmentSetup;

  before(async () => {
    stage = await setUpEnrollment(await mkdtemp(join(tmpdir(), 'inkan-test-')));
  });
  after(async () => {
    await stage.ca.close();
    await rm(stage.folder, { recursive: true, force: true });
  });
  afterEach(() => stage.pc.answer({}));

  const run = (args: readonly string[], options?: CommandOptions) => inkan(stage.pc, args, options);
  const scripted = () => ['--scripted-human', stage.pc.script];
  const enrollArgs = (file: string, profile = 'stage-bank') => [
    'enroll',
    '--profile',
    profile,
    '--order',
    file,
    ...scripted(),
  ];
  const locks = () => readdirSync(join(stage.folder, 'state/locks'));
  const isTokenHeld = () =>
    existsSync(join(stage.folder, 'state/locks')) && locks().some((name) => name.startsWith('token-'));
  /** The token is held from a moment before. Whoever changes the answers earlier changes this one. */
  async function untilPinIsAsked(): Promise<void> {
    await until('the token is held', isTokenHeld, 10_000);
    await sleep(1_500);
  }
  const english = { environment: { LANG: 'en_US.UTF-8' } };

  describe('is answered', () => {
    it('before anything was begun, in words for people and in JSON for machines', async () => {
      const empty: readonly [string[], string, unknown][] = [
        [['enrollments'], 'このパソコンでのお手続きの記録はありません。\n', []],
        [['resume'], '再開するお手続きはありません。\n', { open: [] }],
        [['certificates'], 'USBトークンの中に電子証明書はありません。\n', []],
      ];
      for (const [args, words, json] of empty) {
        expect(await run(args)).to.include({ status: 0, stdout: words, stderr: '' });
        expect(await run([...args, '--json'])).to.deep.include({ status: 0, json, stderr: '' });
      }
    });

    it('with the tokens that are plugged in, their columns aligned', async () => {
      const { json } = await run(['tokens', '--json']);
      expect(json).to.have.lengthOf(1);
      expect((json as object[])[0]).to.include({ label: 'desk', pinLocked: false });
      const { stdout } = await run(['tokens']);
      expect(stdout).to.match(/^desk\n {2}製品 {10}SoftHSM project SoftHSM v2\n {2}シリアル番号 {2}\w+\n/);
      expect((await run(['tokens'], english)).stdout).to.include('\n  Can make keys  rsa-2048');
    });

    it('by doctor, each thing for itself, with the remedy where one is wrong', async () => {
      const { status, json } = await run(['doctor', '--json']);
      const { findings, serving } = json as { findings: Record<string, unknown>[]; serving: boolean };
      expect(findings.map(({ check }) => check)).to.include.members([
        'node',
        'profiles',
        'modules',
        'dialogs',
        'tokens',
      ]);
      expect(serving).to.equal(false);
      // No display and no terminal here: nobody could be asked.
      expect(findings.filter(({ ok }) => ok !== true).map(({ code }) => code)).to.include('ERR_USER_UNREACHABLE');
      expect(status).to.equal(1);
      const { stdout } = await run(['doctor'], english);
      expect(stdout)
        .to.match(/^✓ Node\.js +v\d/)
        .and.match(/\n✗ Dialogs +The confirmation window/);
      expect(stdout)
        .to.include('Support code U05')
        .and.match(/\n✓ USB token +desk \(SoftHSM v2\)/);
    });

    it('with its use in the language of the system', async () => {
      expect((await run(['--help'])).stdout).to.match(/^使い方: inkan/);
      expect((await run(['enroll', '--help'], english)).stdout).to.match(/^Usage: inkan enroll/);
      expect((await run(['--version'])).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    });
  });

  describe('refuses', () => {
    const MISUSES = [['enroll'], ['enroll', '--nothing'], ['nonsense'], ['profile', 'show'], ['serve', '--port', 'x']];
    for (const args of MISUSES) {
      it(`"inkan ${args.join(' ')}" in words, and as JSON where that was asked for`, async () => {
        const whole = args[0] === 'serve' ? [...args, '--allow-root'] : args;
        expectError(await run([...whole, '--json']), 'ERR_INTERNAL_USAGE');
        const { status, stdout, stderr } = await run(whole);
        expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
        expect(stderr).to.include('--help を付けて').and.include('お問い合わせ番号 I07');
      });
    }

    const ORDERS: readonly [string, () => Promise<string[]>, ErrorCode][] = [
      [
        'an order of another bank',
        async () => enrollArgs(await stage.orderFile(), 'other'),
        'ERR_POLICY_ORDER_ISSUER_UNKNOWN',
      ],
      ['a file that is not there', async () => enrollArgs(join(stage.folder, 'nothing')), 'ERR_INTERNAL_USAGE'],
      ['a file that is no order', async () => enrollArgs(stage.pc.script), 'ERR_POLICY_ORDER_MALFORMED'],
      [
        "an order whose origin is not the profile's",
        async () => enrollArgs(await stage.orderFile({ origin: 'https://evil.example' })),
        'ERR_POLICY_ORDER_ORIGIN_MISMATCH',
      ],
      [
        'an expired order',
        async () => enrollArgs(await stage.orderFile({ iat: 1, exp: 2 })),
        'ERR_POLICY_ORDER_EXPIRED',
      ],
    ];
    for (const [what, args, code] of ORDERS) {
      it(`${what}: ${code}, nothing is on the token`, async () => {
        expectError(await run([...(await args()), '--json']), code);
        expect(objectsOn(stage.pc, 'desk')).to.deep.equal([]);
      });
    }

    const ENVIRONMENTS = [{ NODE_OPTIONS: '--no-warnings' }, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }];
    for (const environment of ENVIRONMENTS) {
      it(`to start with ${Object.keys(environment).join()}, whatever the command`, async () => {
        for (const args of [['serve', '--allow-root'], ['tokens']]) {
          expectError(await run([...args, '--json'], { environment }), 'ERR_INTERNAL_ENVIRONMENT_REFUSED');
        }
      });
    }

    if (process.getuid?.() === 0) {
      it('to serve as root', async () => {
        expectError(await run(['serve', '--json']), 'ERR_INTERNAL_ROOT_REFUSED');
      });
    }
  });

  describe('serves', () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`until ${signal}, and ends cleanly`, async () => {
        const { process: child, done } = startInkan(stage.pc, ['serve', '--allow-root']);
        child.stdout?.once('data', () => child.kill(signal));
        const { status, stdout } = await done;
        expect(stdout).to.include('ws://127.0.0.1:17157').and.include('Ctrl-C');
        expect(status).to.equal(0);
        expect(locks()).to.deep.equal([]);
      });
    }

    it('once for a user, and again after one that was killed', async () => {
      const first = await serveAgent(stage.pc);
      expectError(await run(['serve', '--allow-root', '--json']), 'ERR_INTERNAL_ALREADY_RUNNING');
      expect((await run(['doctor', '--json'])).json).to.include({ serving: true });
      first.process.kill('SIGKILL');
      await once(first.process, 'exit');
      const second = await serveAgent(stage.pc);
      await second.stop();
    });

    it('at a spare port where another program has the first, and nowhere when all are taken', async () => {
      const [first, ...others] = await occupy(PORTS);
      expectError(await run(['serve', '--allow-root', '--json']), 'ERR_BRIDGE_PORT_TAKEN');
      const { stderr } = await run(['serve', '--allow-root'], english);
      expect(stderr).to.include('B08').and.include('17157, 17158, 17159');
      for (const server of others) server.close();
      const agent = await serveAgent(stage.pc);
      expect(agent.port).to.equal(17158);
      await agent.stop();
      first?.close();
    });
  });

  describe('enrolls', () => {
    it('by an order that inkan-bank has just signed, in one pipe, and lists what came of it', async () => {
      const claims = join(stage.folder, 'claims.json');
      const key = join(stage.folder, 'key.pem');
      writeFileSync(claims, JSON.stringify(stage.bank.claims()));
      writeFileSync(key, stage.bank.key.key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
      const pipe = `"$0" "$1" sign-order --key "$2" --claims "$3" | "$0" "$4" enroll --profile stage-bank --order - --json --scripted-human "$5"`;
      const { stdout, stderr } = await promisify(execFile)(
        'sh',
        ['-c', pipe, process.execPath, INKAN_BANK, key, claims, INKAN, stage.pc.script],
        { env: stage.pc.environment },
      );
      const { state, result, enrollment } = JSON.parse(stdout) as Record<string, unknown>;
      expect(state).to.equal('completed');
      expect(result).to.include({ keyType: 'ec-p256', subject: 'O=株式会社サンプル, CN=M0001' });
      for (const word of ['鍵を作成中', '認証局へ送信済み', '完了']) expect(stderr).to.include(word);
      expect(stderr.split('\n')[0]).to.equal('依頼元  https://www.bank.example  (stage-bank)');
      const { json } = await run(['enrollments', '--json']);
      expect((json as object[]).at(-1)).to.include({ enrollment, state: 'completed', open: false });
      expect((await run(['certificates'])).stdout).to.match(
        /^O=株式会社サンプル, CN=M0001\n {2}発行者 {8}O=Stage Bank/,
      );
      expect((await run(['resume', String(enrollment), '--json'])).json).to.include({ state: 'completed' });
    });

    it('once by an order: the same one shows its result again, another of its number is refused', async () => {
      const sent = stage.ca.requests.length;
      const { jti } = stage.bank.claims();
      const file = await stage.orderFile({ jti });
      const first = await run([...enrollArgs(file), '--json']);
      const again = await run([...enrollArgs(file), '--json']);
      expect([first.status, again.status]).to.deep.equal([0, 0]);
      expect(again.json).to.deep.equal(first.json);
      expectError(await run([...enrollArgs(await stage.orderFile({ jti })), '--json']), 'ERR_POLICY_ORDER_USED');
      expect(stage.ca.requests.length - sent).to.equal(1);
    });

    it('as people like to read it', async () => {
      const { stdout, status } = await run(enrollArgs(await stage.orderFile()), english);
      expect(status).to.equal(0);
      expect(stdout).to.match(/^Name \(issued to\) {2}O=株式会社サンプル, CN=M0001\nIssuer {12}O=Stage Bank/);
      expect(stdout).to.include('\nKey               ec-p256\n').and.not.include('CKR_').and.not.include('CKA_');
    });

    it('and goes on later where the PIN was not at hand', async () => {
      stage.pc.answer({ pin: 'cancel' });
      const stopped = await run([...enrollArgs(await stage.orderFile()), '--json']);
      expectError(stopped, 'ERR_USER_PIN_CANCELLED');
      const { enrollment, state } = stopped.json as { enrollment: string; state: string };
      expect(state).to.equal('consented');
      const { stderr } = await run(['resume', ...scripted()]);
      expect(stderr).to.include('お問い合わせ番号 U02').and.include(`再開するには: inkan resume ${enrollment}`);
      stage.pc.answer({});
      expect((await run(['resume', ...scripted(), '--json'])).json).to.include({ enrollment, state: 'completed' });
    });

    it('with a line that lives on a terminal', async () => {
      stage.pc.answer({ consent: 'ignore' });
      const words = [process.execPath, INKAN, ...enrollArgs(await stage.orderFile())].map((word) => `'${word}'`);
      const terminal = spawn('script', ['-qec', words.join(' '), '/dev/null'], { env: stage.pc.environment });
      let shown = '';
      terminal.stdout.on('data', (bytes: Buffer) => {
        shown += bytes.toString();
      });
      await until('the line lives', () => /\[K {3}\d\.\d s {2}…/.test(shown), 10_000);
      terminal.kill('SIGTERM');
      await once(terminal, 'exit');
    });

    it('until Ctrl-C, which keeps what was done and says how to go on', async () => {
      stage.pc.answer({ pin: 'ignore' });
      const { process: child, done } = startInkan(stage.pc, [...enrollArgs(await stage.orderFile()), '--json']);
      await untilPinIsAsked();
      child.kill('SIGINT');
      const { status, json } = await done;
      expect(status).to.equal(1);
      expect(json).to.include({ state: 'consented', interrupted: true });
      expect(locks()).to.deep.equal([]);
      stage.pc.answer({});
      const { enrollment } = json as { enrollment: string };
      expect((await run(['resume', enrollment, ...scripted(), '--json'])).json).to.include({ state: 'completed' });
    });
  });

  describe('shares with other processes', () => {
    it('an enrollment: what one works at is busy for the other, and nothing is done twice', async () => {
      const sent = stage.ca.requests.length;
      stage.pc.answer({ pin: 'ignore' });
      const first = startInkan(stage.pc, [...enrollArgs(await stage.orderFile()), '--json']);
      await untilPinIsAsked();
      const { json } = await run(['enrollments', '--json']);
      const [{ enrollment } = { enrollment: '' }] = (json as { enrollment: string; open: boolean }[]).filter(
        ({ open }) => open,
      );
      stage.pc.answer({});
      expectError(await run(['resume', enrollment, ...scripted(), '--json']), 'ERR_BRIDGE_BUSY');
      first.process.kill('SIGKILL');
      await first.done;
      expect((await run(['resume', enrollment, ...scripted(), '--json'])).json).to.include({ state: 'completed' });
      expect(stage.ca.requests.length - sent).to.equal(1);
    });

    it('a token: it is busy while another process holds it, and free when that one is gone', async () => {
      stage.pc.answer({ pin: 'ignore' });
      const first = startInkan(stage.pc, [...enrollArgs(await stage.orderFile()), '--json']);
      await untilPinIsAsked();
      const name =
        locks()
          .find((lock) => lock.startsWith('token-'))
          ?.replace('.lock', '') ?? '';
      const hold = (waitMs: number) =>
        createLocks(join(stage.folder, 'state/locks')).hold(name, new AgentError('ERR_TOKEN_BUSY'), waitMs, HELD);
      expect(await refusalOf(hold(300))).to.equal('ERR_TOKEN_BUSY');
      const waiting = hold(5_000);
      first.process.kill('SIGKILL');
      await (await waiting)();
      await first.done;
    });

    it('an account: what one works at is busy for a second order', async () => {
      stage.pc.answer({ pin: 'ignore' });
      const first = startInkan(stage.pc, [...enrollArgs(await stage.orderFile()), '--json']);
      await untilPinIsAsked();
      stage.pc.answer({});
      expectError(await run([...enrollArgs(await stage.orderFile()), '--json']), 'ERR_BRIDGE_BUSY');
      first.process.kill('SIGKILL');
      await first.done;
      expect((await run([...enrollArgs(await stage.orderFile()), '--json'])).json).to.include({ state: 'completed' });
    });

    it('a token: who comes second waits for the first', async () => {
      stage.pc.answer({});
      const accounts = ['M0001', 'M0002'].map((id) => ({ account: { id, display: id } }));
      const files = await Promise.all(accounts.map((account) => stage.orderFile(account)));
      const both = await Promise.all(files.map((file) => run([...enrollArgs(file), '--json'])));
      expect(both.map(({ json }) => (json as { state: string }).state)).to.deep.equal(['completed', 'completed']);
    });
  });
});
