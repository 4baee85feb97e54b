/** Does exactly what `docs/page-developers.md` says: lays its files down, types its commands, presses its button. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { expect } from 'chai';
import { until } from '../contract/processes.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { ownFolder } from '../stage/folder.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const BLOCK = /^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm;

type Block = { readonly language: string; readonly name: string; readonly text: string };

function readBlocks(): Block[] {
  const document = readFileSync(join(ROOT, 'docs/page-developers.md'), 'utf8');
  return [...document.matchAll(BLOCK)].map(([, language = '', name = '', text = '']) => ({ language, name, text }));
}

/** A shell that lives from the first command to the last, as a reader's terminal does. */
class Terminal {
  readonly #shell: ChildProcess;
  readonly #lines: Interface;
  #printed: string[] = [];

  constructor(folder: string, environment: NodeJS.ProcessEnv) {
    // Its own process group: what it left running ends with it.
    this.#shell = spawn('bash', [], { cwd: folder, env: environment, stdio: 'pipe', detached: true });
    if (!this.#shell.stdout) throw new Error('no standard output');
    this.#lines = createInterface({ input: this.#shell.stdout });
    this.#lines.on('line', (line) => this.#printed.push(line));
    this.#shell.stderr?.on('data', (data: Buffer) => this.#printed.push(data.toString('utf8')));
  }

  /** What the commands printed. */
  async type(commands: string): Promise<string> {
    this.#printed = [];
    this.#shell.stdin?.write(`{\n${commands}\n}; echo "<<$?>>"\n`);
    await until('the commands end', () => this.#printed.some((line) => /^<<\d+>>$/.test(line)), 40_000);
    const printed = this.#printed.join('\n');
    if (!printed.includes('<<0>>')) throw new Error(`${commands}\n${printed}`);
    return printed;
  }

  leaveRunning(command: string): void {
    this.#shell.stdin?.write(`${command.trim()} &\n`);
  }

  async close(): Promise<void> {
    const exited = once(this.#shell, 'exit');
    process.kill(-(this.#shell.pid ?? 0), 'SIGTERM');
    this.#shell.kill('SIGKILL');
    await exited;
  }
}

/** `inkan` as the document's alias has it; tests may run as root, whom `serve` refuses. */
function linkInkan(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = join(ROOT, 'dist/agent/cli/index.js');
  const text = `#!/bin/sh\n[ "$1" = serve ] && set -- "$@" --allow-root\nexec "${process.execPath}" "${program}" "$@"\n`;
  writeFileSync(join(bin, 'inkan'), text);
  chmodSync(join(bin, 'inkan'), 0o755);
  return bin;
}

function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

describe('end to end: the page developer’s fifteen minutes', () => {
  const folder = ownFolder();
  const blocks = readBlocks();
  let terminal: Terminal | undefined;
  afterEach(async () => {
    await terminal?.close();
    terminal = undefined;
  });

  it('take at most 12 steps and 70 lines', () => {
    const document = readFileSync(join(ROOT, 'docs/page-developers.md'), 'utf8');
    const lines = blocks.flatMap(({ text }) => text.split('\n')).filter((line) => line.trim() !== '');
    expect(document.match(/^\*\*\d+\./gm)).to.have.lengthOf.within(6, 12);
    expect(lines).to.have.lengthOf.within(30, 70);
  });

  it('end at two certificates, by the page and by an order that openssl signed', async () => {
    const [bin, pc] = [linkInkan(folder()), join(folder(), 'desk')];
    mkdirSync(pc);
    const { PATH = '', HOME } = process.env;
    terminal = new Terminal(pc, { PATH: [bin, PATH].join(delimiter), HOME, LANG: 'C.UTF-8', INKAN: ROOT });
    /** Where a reader waits: until the bank listens, until the agent does. */
    const ports = [5419, 17157];
    const printed: string[] = [];
    for (const { language, name, text } of blocks) {
      if (language !== 'sh') writeFileSync(join(pc, name), text);
      else if (name === 'background') {
        terminal.leaveRunning(text);
        const port = ports.shift() ?? 0;
        await until(`something listens on ${port}`, () => listens(port), 20_000);
      } else {
        if (name === 'after-the-click') expect(await pressTheButton()).to.match(/^完了: .*54100001/);
        printed.push(await terminal.type(text));
      }
    }
    const [afterClick = '', afterOpenssl = ''] = printed.slice(-2);
    expect(afterClick).to.include('54100001').and.not.to.include('54100002');
    expect(afterOpenssl).to.include('54100002');
  });

  async function pressTheButton(): Promise<string> {
    const context = await openBrowser({ profileFolder: join(folder(), 'chromium') });
    try {
      const page = await firstPage(context);
      await page.goto('http://localhost:5419/');
      await page.getByRole('button', { name: '取得' }).click();
      await page.getByText(/完了|S\d\d|[A-Z]\d\d$/).waitFor({ timeout: 40_000 });
      return await page.locator('p').innerText();
    } finally {
      await context.close();
    }
  }
});
