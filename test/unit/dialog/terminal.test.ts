import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { edit } from '../../../agent/dialog/terminal-line.ts';
import { skip } from '../../stage/skip.ts';

const ASK = fileURLToPath(new URL('ask.js', import.meta.url));
const SCRIPT = '/usr/bin/script';

/** `script` (bsdutils) runs a command on a terminal of its own. */
describe('the terminal dialog', function () {
  this.timeout(15_000);
  let folder: string;
  before(async function () {
    if (!existsSync(SCRIPT)) {
      skip(this, 'a terminal is made by script(1)');
    }
    folder = await mkdtemp(join(tmpdir(), 'inkan-terminal-'));
  });
  /** A command that is stopped stops script(1) too, which would keep this process from ending. */
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  type Session = { child: ChildProcessWithoutNullStreams; screen: () => string; outcome: () => Promise<unknown> };
  function ask(question: string, timeoutMs = 10_000, within = (asking: string) => asking): Session {
    const file = join(folder, `${question}.json`);
    const command = within(`'${process.execPath}' '${ASK}' ${question} ${timeoutMs} '${file}'`);
    const environment = { PATH: process.env['PATH'], HOME: folder, TERM: 'xterm', LANG: 'C.UTF-8', SHELL: '/bin/sh' };
    const child = spawn(SCRIPT, ['-qefc', command, '/dev/null'], { env: environment });
    children.push(child);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = once(child, 'close');
    const screen = (): string => Buffer.concat(chunks).toString('utf8');
    const outcome = async (): Promise<unknown> => {
      await closed;
      return JSON.parse(await readFile(file, 'utf8'));
    };
    return { child, screen, outcome };
  }

  async function shown(session: Session, text: string | RegExp): Promise<string> {
    for (let tries = 0; tries < 400; tries += 1) {
      const found = session.screen().match(text)?.[1] ?? (session.screen().match(text) ? '' : undefined);
      if (found !== undefined) return found;
      await sleep(20);
    }
    return expect.fail(`never shown: ${String(text)}\n${session.screen()}`);
  }

  it('asks for a log-in, a removal and a certificate by their own words', async () => {
    for (const [question, text, outcome] of [
      ['login', 'この電子証明書でログインする場合は', false],
      ['removal', 'この電子証明書を削除する場合は', false],
    ] as const) {
      const session = ask(question);
      await shown(session, text);
      expect(session.screen()).to.contain('4f2a9c').and.contain('2027年4月1日');
      await shown(session, /入力: /);
      session.child.stdin.write('\r');
      expect(await session.outcome()).to.equal(outcome);
    }
    const choice = ask('certificate');
    await shown(choice, '佐藤花子');
    await shown(choice, /入力: /);
    choice.child.stdin.write('2\r');
    expect(await choice.outcome()).to.equal(1);
  });

  it('waits for the token: Enter ends nothing, Ctrl-C gives up', async () => {
    const session = ask('insert');
    await shown(session, '同じUSBトークンを差し込んで');
    await shown(session, /Ctrl-C を押してください。: /);
    session.child.stdin.write('\r');
    // Nothing is to happen, so there is nothing to wait for: a moment in which it could.
    await sleep(300);
    expect(session.child.exitCode).to.equal(null);
    session.child.stdin.write('\x03');
    expect(await session.outcome()).to.equal('ERR_USER_CANCELLED');
  });

  it('uses the last try by the number that it shows, and says whom to call', async () => {
    const session = ask('lastTry');
    const number = await shown(session, /数字 (\d{4}) を/);
    expect(session.screen()).to.contain('0120-000-000').and.contain('あと1回');
    await shown(session, /入力: /);
    session.child.stdin.write(`${number}\r`);
    expect(await session.outcome()).to.equal(true);
  });

  it('takes a new PIN that is typed twice alike, and shows neither', async () => {
    const session = ask('newPin');
    for (const [times, typed] of ['1234', '1235', '2468', '2468'].entries()) {
      await shown(session, new RegExp(`(?:新しいPIN: [^]*){${times + 1}}`));
      session.child.stdin.write(`${typed}\r`);
    }
    expect(await session.outcome()).to.equal('2468');
    expect(session.screen()).to.contain('一致しませんでした').and.not.contain('2468');
  });

  it('approves by the number that it shows, and says so', async () => {
    const session = ask('consent');
    const number = await shown(session, /数字 (\d{4}) を/);
    for (const text of ['サンプル信用金庫', 'www.bank.example', '5410-000123', 'Shinkin Token', '9f3c11d20a7e4b55']) {
      expect(session.screen()).to.contain(text);
    }
    await shown(session, /入力: /);
    session.child.stdin.write('9\x7f');
    session.child.stdin.write(`${number}\r`);
    expect(await session.outcome()).to.equal(true);
    expect(session.screen()).to.contain(`${number}\r\n承りました。`);
  });

  for (const [name, keys] of Object.entries({
    Enter: '\r',
    yes: 'yes\r',
    はい: 'はい\r',
    'Ctrl-C': '\x03',
    'Ctrl-D': '\x04',
  })) {
    it(`refuses on ${name}`, async () => {
      const session = ask('consent');
      await shown(session, /入力: /);
      session.child.stdin.write(keys);
      expect(await session.outcome()).to.equal(false);
      expect(session.screen()).to.contain('中止しました。何も変更されていません。');
    });
  }

  it('takes a PIN without showing it, while log lines pass', async () => {
    const session = ask('pin');
    await shown(session, /PIN: /);
    expect(session.screen()).to.contain('あと1回');
    session.child.stdin.write('\r');
    await shown(session, /PINが入力されていません。[^]*log line/);
    session.child.stdin.write('739158460\x7f\r');
    expect(await session.outcome()).to.equal(Buffer.from('73915846').toString('hex'));
    expect(session.screen()).not.to.match(/7391|739|\*/);
    expect(session.screen()).to.contain('log line\r\n');
  });

  for (const [question, prompt, typed, outcome] of [
    ['consent', /入力: /, '\x04', false],
    ['pin', /PIN: /, '73915846\r', Buffer.from('73915846').toString('hex')],
  ] as const) {
    it(`takes the answer to "${question}" as soon as it can be seen, however slow the agent is`, async () => {
      const session = ask(question, 10_000, (asking) => `INKAN_TEST_STALL_MS=300 ${asking}`);
      await shown(session, prompt);
      session.child.stdin.write(typed);
      expect(await session.outcome()).to.equal(outcome);
      expect(session.screen()).not.to.contain('7391');
    });
  }

  it('cancels the PIN on Ctrl-C', async () => {
    const session = ask('pin');
    await shown(session, /PIN: /);
    session.child.stdin.write('7391\x03');
    expect(await session.outcome()).to.equal('ERR_USER_PIN_CANCELLED');
  });

  it('takes a code typed in full width', async () => {
    const session = ask('code');
    await shown(session, /認証コード: /);
    session.child.stdin.write('ＡＢ１２\r');
    expect(await session.outcome()).to.equal('AB12');
  });

  it('takes the number of a token', async () => {
    const session = ask('choose');
    await shown(session, /2\. Sign/);
    await shown(session, /入力: /);
    session.child.stdin.write('3\r');
    await shown(session, /入力: [\s\S]*入力: /);
    session.child.stdin.write('2\r');
    expect(await session.outcome()).to.equal(1);
  });

  it('ends by its timeout and leaves the terminal as it was', async () => {
    const session = ask('consent', 500, (asking) => `${asking}; stty -a`);
    expect(await session.outcome()).to.equal('ERR_USER_TIMEOUT');
    expect(session.screen())
      .to.contain('時間内に入力がなかったため')
      .and.to.match(/ icanon .* echo /s);
  });

  it('leaves the terminal as it was even when it is killed', async () => {
    const pidFile = join(folder, 'pid');
    const session = ask('pin', 10_000, (asking) => `(${asking} & echo $! > '${pidFile}'; wait); sleep 0.5; stty -a`);
    await shown(session, /PIN: /);
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
    await shown(session, / icanon .* echo /s);
  });

  it('is out of reach where another job has the terminal', async () => {
    const session = ask('pin', 10_000, (asking) => `set -m; ${asking} & wait`);
    expect(await session.outcome()).to.equal('ERR_USER_UNREACHABLE');
  });

  it('is out of reach without a terminal', async () => {
    const file = join(folder, 'none.json');
    const child = spawn('/usr/bin/setsid', ['-w', process.execPath, ASK, 'consent', '5000', file], {
      env: { PATH: process.env['PATH'] },
      stdio: 'ignore',
    });
    await once(child, 'close');
    expect(JSON.parse(await readFile(file, 'utf8'))).to.equal('ERR_USER_UNREACHABLE');
  });

  it('edits whole characters and ignores function keys', () => {
    const line = Buffer.alloc(8);
    const type = (keys: string, before = 0) => edit(line, before, Buffer.from(keys));
    expect(type('a鍵\x7f')).to.deep.equal({ length: 1 });
    expect(type('\x7f\x7f', 1)).to.deep.equal({ length: 0 });
    expect(type('\x1b[A', 1)).to.deep.equal({ length: 1 });
    expect(type('ab\x15')).to.deep.equal({ length: 0 });
    expect(type('0123456789')).to.deep.equal({ length: 8 });
  });
});
