import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openDialog } from '../../../agent/dialog/open.ts';
import { AgentError, type ErrorCode } from '../../../web-bridge/protocol/errors.ts';
import { skip } from '../../stage/skip.ts';
import {
  codeQuestion,
  consentQuestion,
  insertQuestion,
  lastTryQuestion,
  newPinQuestion,
  pinQuestion,
  replaceQuestion,
  tokenQuestion,
} from './questions.ts';

const ASK = fileURLToPath(new URL('ask.js', import.meta.url));
const BIN = '/usr/bin';
const run = promisify(execFile);
const never = new AbortController().signal;
const isThere = (program: string): boolean => existsSync(join(BIN, program));

/** The real programs under a display of our own; xdotool is the human. */
for (const program of ['pinentry-qt', 'pinentry-gtk-2']) {
  describe(`the dialog by ${program}`, function () {
    this.timeout(20_000);
    let folder: string;
    let display: { server: ChildProcess; name: string };
    let environment: NodeJS.ProcessEnv;

    before(async function () {
      const missing = [program, 'Xvfb', 'xdotool'].filter((needed) => !isThere(needed));
      if (missing.length > 0) {
        skip(this, `the dialog by ${program} needs ${missing.join(' ')}`);
      }
      folder = await mkdtemp(join(tmpdir(), 'inkan-pinentry-'));
      // Only this program is on PATH, so it is the one that is chosen.
      await symlink(join(BIN, program), join(folder, program));
      display = await startDisplay();
      environment = { PATH: folder, HOME: folder, DISPLAY: display.name };
    });
    after(async () => {
      display?.server.kill();
      if (folder) await rm(folder, { recursive: true });
    });

    const dialog = (timeoutMs = 15_000) => openDialog({ language: 'ja', timeoutMs }, environment);
    const xdotool = async (...parameters: string[]): Promise<string[]> => {
      const { stdout } = await run(join(BIN, 'xdotool'), parameters, { env: { DISPLAY: display.name } }).catch(() => ({
        stdout: '',
      }));
      return stdout.split('\n').filter((line) => line !== '');
    };
    /** Windows that a person would see: larger than the bookkeeping ones of the toolkits. */
    const windows = async (): Promise<string[]> => {
      const found = await xdotool('search', '--onlyvisible', '--name', '.');
      const sizes = await Promise.all(found.map((window) => xdotool('getwindowgeometry', '--shell', window)));
      return found.filter((_, index) => sizes[index]?.some((line) => /^WIDTH=\d{3}/.test(line)));
    };
    async function until(holds: () => Promise<boolean>): Promise<number> {
      const started = performance.now();
      while (performance.now() - started < 8_000) {
        if (await holds()) return performance.now() - started;
        await sleep(20);
      }
      return expect.fail('waited in vain');
    }
    /** The windows with their processes: a window of another process may bear the same number. */
    const owned = (): Promise<string[]> =>
      windows().then((found) =>
        Promise.all(found.map(async (window) => `${window} ${(await xdotool('getwindowpid', window)).join('')}`)),
      );
    /** A dialog stands there, and none of `before`. */
    const shown = async (before: readonly string[] = []): Promise<string[]> => {
      let found: string[] = [];
      await until(async () => {
        found = await owned();
        return found.length > 0 && !found.some((window) => before.includes(window));
      });
      await sleep(300); // until it has the keyboard
      return found;
    };
    /** For the eye: `INKAN_PICTURES=folder` keeps what stood on the screen. */
    const picture = async (name: string): Promise<void> => {
      const kept = process.env['INKAN_PICTURES'];
      const file = kept && join(kept, `${program}-${name}.png`);
      if (file) await run('/usr/bin/import', ['-window', 'root', file], { env: { DISPLAY: display.name } });
    };
    const gone = () => until(async () => (await windows()).length === 0);
    /** Asks, waits for the window, presses keys, and answers what came of it. */
    async function answered<T>(question: Promise<T>, ...keys: string[]): Promise<T | ErrorCode> {
      const outcome = question.catch((error: unknown) => (error instanceof AgentError ? error.code : expect.fail()));
      await shown();
      for (const key of keys) await xdotool('key', key);
      const answer = await outcome;
      await gone();
      return answer;
    }

    it('refuses on Enter', async () => {
      expect(await answered(dialog().consent(consentQuestion, never), 'Return')).to.equal(false);
    });

    it('refuses on Escape', async () => {
      expect(await answered(dialog().consent(consentQuestion, never), 'Escape')).to.equal(false);
    });

    it('approves by the approving button alone', async () => {
      expect(await answered(dialog().consent(consentQuestion, never), 'Tab', 'space')).to.equal(true);
    });

    it('gives the PIN that is typed', async () => {
      const pin = await answered(dialog().pin(pinQuestion, never), ...'73915846'.split(''), 'Return');
      expect(Buffer.from('73915846').equals(pin as Buffer)).to.equal(true);
    });

    it('asks again for an empty PIN, and cancels on Escape', async () => {
      const question = dialog().pin({ ...pinQuestion, refusedBefore: true, tries: 'few' }, never);
      const outcome = question.catch((error: AgentError) => error.code);
      const first = await shown();
      await xdotool('key', 'Return');
      await shown(first);
      await xdotool('key', 'Escape');
      expect(await outcome).to.equal('ERR_USER_PIN_CANCELLED');
    });

    it('takes the code of the letter', async () => {
      expect(await answered(dialog().code(codeQuestion, never), 'A', 'B', '1', '2', 'Return')).to.equal('AB12');
      expect(await answered(dialog().code(codeQuestion, never), 'Escape')).to.equal('ERR_USER_CANCELLED');
    });

    it('cancels the choice of a token on Enter', async () => {
      expect(await answered(dialog().chooseToken(tokenQuestion, never), 'Return')).to.equal('ERR_USER_CANCELLED');
    });

    it('shows one token after the other until one is chosen', async () => {
      const outcome = dialog().chooseToken(tokenQuestion, never);
      const first = await shown();
      // The buttons after the default one: qt has them before it, gtk-2 after it, `next` in the middle in both.
      const next = program === 'pinentry-qt' ? ['shift+Tab', 'space'] : ['Tab', 'space'];
      const use = program === 'pinentry-qt' ? ['Tab', 'space'] : ['Tab', 'Tab', 'space'];
      for (const key of next) await xdotool('key', key);
      await shown(first);
      for (const key of use) await xdotool('key', key);
      expect(await outcome).to.equal(1);
    });

    it('stands while the token is not there: its one button gives up, the token closes it', async () => {
      for (const key of program === 'pinentry-qt' ? ['Return', 'Escape'] : ['Return']) {
        expect(await answered(dialog().insertToken(insertQuestion, never), key), key).to.equal('ERR_USER_CANCELLED');
      }
      const there = new AbortController();
      const outcome = dialog()
        .insertToken(insertQuestion, there.signal)
        .catch((error: AgentError) => error.code);
      await shown();
      await picture('insert');
      there.abort();
      await outcome;
      await gone();
    });

    it('uses the last try, or overwrites, by the approving button alone', async () => {
      const asks = [
        () => dialog().lastTry(lastTryQuestion, never),
        () => dialog().replace(replaceQuestion, never),
      ] as const;
      for (const ask of asks) {
        expect(await answered(ask(), 'Return')).to.equal(false);
        expect(await answered(ask(), 'Tab', 'space')).to.equal(true);
      }
      const standing = dialog().lastTry(lastTryQuestion, never);
      await shown();
      await picture('last-try');
      await xdotool('key', 'Escape');
      expect(await standing).to.equal(false);
    });

    it('tells of a locked PIN until it is closed', async () => {
      const told = dialog().locked(lastTryQuestion, never);
      await shown();
      await picture('locked');
      await xdotool('key', 'Return');
      await told;
      await gone();
    });

    it('points to the reader while this process is busy, and goes when it is told', async () => {
      const close = await dialog().reader({ ...pinQuestion, tries: 'few' });
      await shown();
      await picture('reader');
      close();
      await gone();
    });

    it('takes a new PIN that is typed twice alike', async () => {
      const question = dialog().newPin(newPinQuestion, never);
      let before: string[] = [];
      for (const typed of ['1234', '1235', '2468', '2468']) {
        before = await shown(before);
        for (const key of [...typed.split(''), 'Return']) await xdotool('key', key);
      }
      expect((await question).toString()).to.equal('2468');
    });

    it('ends by its timeout', async () => {
      const questions = [dialog(1_000).consent(consentQuestion, never), dialog(1_000).pin(pinQuestion, never)];
      for (const outcome of await Promise.allSettled(questions)) {
        expect(outcome).to.have.nested.property('reason.code', 'ERR_USER_TIMEOUT');
      }
      await gone();
    });

    it('closes when the signal is aborted', async () => {
      const abort = new AbortController();
      const outcome = dialog()
        .consent(consentQuestion, abort.signal)
        .catch((error: AgentError) => error.code);
      await shown();
      abort.abort();
      expect(await outcome).to.equal('ERR_USER_CANCELLED');
      await gone();
    });

    it('closes when the process that asks is killed', async () => {
      const parent = spawn(process.execPath, [ASK, 'pin', '15000', join(folder, 'never.json')], {
        env: environment,
        stdio: 'ignore',
      });
      await shown();
      parent.kill('SIGKILL');
      // Left alone it would stay for fifteen.
      expect(await gone()).to.be.lessThan(5_000);
    });

    it('shows texts of strangers at their longest, and no markup', async () => {
      const long = `<b>${'長い名前&amp;𠮷'.repeat(200)}</b>\u202E`;
      const token = { label: long, serialNumber: long, model: long, slotDescription: long };
      const names = { ja: long, en: long };
      const account = { id: long, display: long };
      const question = { ...consentQuestion, bank: names, account, token, telephone: names };
      expect(await answered(dialog().consent(question, never), 'Return')).to.equal(false);
      const pin = { ...pinQuestion, bank: names, account: long, token };
      expect(await answered(dialog().pin(pin, never), 'Escape')).to.equal('ERR_USER_PIN_CANCELLED');
      const tokens = { bank: names, tokens: [token, token] };
      expect(await answered(dialog().chooseToken(tokens, never), 'Escape')).to.equal('ERR_USER_CANCELLED');
    });

    it('is out of reach where the display is gone and there is no terminal', async () => {
      const file = join(folder, 'unreachable.json');
      const child = spawn('/usr/bin/setsid', ['-w', process.execPath, ASK, 'consent', '5000', file], {
        env: { ...environment, DISPLAY: ':9999' },
        stdio: 'ignore',
      });
      await once(child, 'close');
      expect(JSON.parse(await readFile(file, 'utf8'))).to.equal('ERR_USER_UNREACHABLE');
    });
  });
}

/** Xvfb chooses a free display and tells its number on descriptor 3. Without -noreset it starts anew after each dialog. */
async function startDisplay(): Promise<{ server: ChildProcess; name: string }> {
  const server = spawn(
    join(BIN, 'Xvfb'),
    ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp', '-noreset'],
    {
      env: { PATH: BIN },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    },
  );
  const [number] = (await once(server.stdio[3] as Readable, 'data')) as [Buffer];
  return { server, name: `:${number.toString().trim()}` };
}
