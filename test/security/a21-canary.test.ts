/**
 * A21: the PIN and the bank's one-time authorization are canaries: a whole enrollment through `inkan serve`, and afterwards
 * nobody finds the PIN anywhere but in the token host while it works, nor the authorization once the certificate is there.
 */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { childrenOf } from '../contract/processes.ts';
import { issue } from '../doubles/faulty-ca.ts';
import { type EnrollmentSetup, setUpEnrollment } from '../stage/enrollment-setup.ts';
import { type CommandEnd, inkan, startInkan } from '../stage/served-agent.ts';
import { ORIGIN } from '../stage/test-bank.ts';

const CHUNK = 8 * 1024 * 1024;
const SECRET = 'canary-authorization-5e1f0c7a9b';

/** A text as careless code might write it. base64 of the text alone; the last characters depend on what follows. */
function formsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const base64 = bytes.toString('base64').replace(/=+$/, '').slice(0, -1);
  const reversed = Buffer.from(Array.from(bytes).toReversed());
  const utf16 = Buffer.from(text, 'utf16le');
  return [bytes, utf16, Buffer.from(hex), Buffer.from(hex.toUpperCase()), Buffer.from(base64), reversed];
}

function isIn(haystack: Buffer, forms: readonly Buffer[]): boolean {
  return forms.some((form) => haystack.includes(form));
}

function filesWith(folder: string, forms: readonly Buffer[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => isIn(readFileSync(file), forms) || isIn(Buffer.from(file), forms));
}

/** Mappings that are readable and in use (proc(5), smaps). */
function mappingsOf(pid: number): { readonly start: number; readonly end: number }[] {
  const blocks = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  return blocks.flatMap((block) => {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(block) ?? [];
    const isUsed = !/\nRss: +0 kB/.test(block) && !/\[v(var|syscall)/.test(block);
    return start && end && isUsed ? [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }] : [];
  });
}

/** Whether the memory of a process holds one of the forms. */
function remembers(pid: number, forms: readonly Buffer[]): boolean {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const chunk = Buffer.alloc(CHUNK);
  const overlap = Math.max(...forms.map(({ length }) => length)) - 1;
  try {
    for (const { start, end } of mappingsOf(pid)) {
      for (let at = start; at < end; at += CHUNK - overlap) {
        const length = readSome(memory, chunk, Math.min(CHUNK, end - at), at);
        if (isIn(chunk.subarray(0, length), forms)) return true;
      }
    }
    return false;
  } finally {
    closeSync(memory);
  }
}

/** A mapping may have gone since it was listed. */
function readSome(memory: number, chunk: Buffer, length: number, at: number): number {
  try {
    return readSync(memory, chunk, 0, length, at);
  } catch {
    return 0;
  }
}

type Progress = { readonly state?: string; readonly enrollment?: string };
type Message = { id?: number; result?: Progress; error?: unknown; params?: Progress };

type Seen = { readonly pid: number; readonly announced: Buffer; readonly remembers: boolean };

function look(pid: number, forms: readonly Buffer[]): Seen {
  const announced = Buffer.concat(['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`)));
  return { pid, announced, remembers: remembers(pid, forms) };
}

describe('A21: canaries of PIN and authorization', () => {
  let stage: EnrollmentSetup;
  let agentProcess: ChildProcess;
  let agentThen: Seen;
  let hostThen: Seen;
  let agentAfter: Seen;
  let answers: string;
  let end: CommandEnd;
  let doctor: CommandEnd;
  let listed: CommandEnd;
  const pin = () => formsOf(stage.pc.pin);

  before(async () => {
    stage = await setUpEnrollment(await mkdtemp(join(tmpdir(), 'inkan-test-')));
    const started = startInkan(stage.pc, ['serve', '--allow-root', '--json', '--scripted-human', stage.pc.script]);
    const { process: agent, done } = started;
    agentProcess = agent;
    const pid = agent.pid ?? 0;
    const port = await new Promise<number>((heard) => {
      agent.stdout?.once('data', (line: Buffer) => heard((JSON.parse(line.toString()) as { port: number }).port));
    });
    // While the CA is asked, the token is open: the PIN has been used and may be needed again.
    stage.ca.answer = async (request, response) => {
      agentThen = look(pid, pin());
      const [host] = childrenOf(pid);
      if (host !== undefined) hostThen = look(host, pin());
      await issue(stage.bank.authority)(request, response);
    };
    answers = await enrollByPage(port);
    agentAfter = look(pid, pin());
    doctor = await inkan(stage.pc, ['doctor', '--json']);
    listed = await inkan(stage.pc, ['enrollments', '--json']);
    agent.kill('SIGTERM');
    end = await done;
  });
  after(async () => {
    agentProcess.kill('SIGKILL');
    await stage.ca.close();
    await rm(stage.folder, { recursive: true, force: true });
  });

  /** As the SDK does it: enroll, then watch until the end. Answers all that the page was told. */
  async function enrollByPage(port: number): Promise<string> {
    const authorization = { scheme: 'bearer', secret: SECRET };
    const order = await stage.bank.order({ enrollment: { protocol: 'est', label: 'customers', authorization } });
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'inkan.v1', { origin: ORIGIN });
    const call = (id: number, method: string, params: object) =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    const told: string[] = [];
    return await new Promise((resolve, reject) => {
      socket.on('error', reject).on('open', () => call(1, 'enroll', { order }));
      socket.on('message', (data: Buffer) => {
        const text = data.toString();
        told.push(text);
        const { id, result, error, params } = JSON.parse(text) as Message;
        if (error) reject(new Error(text));
        const { state, enrollment } = params ?? result ?? {};
        if (id === 1) call(2, 'watch', { enrollment });
        if (state === 'completed' && id !== 3) call(3, 'watch', { enrollment });
        if (id === 3) {
          socket.close();
          resolve(told.join('\n'));
        }
      });
    });
  }

  it('fly: the enrollment is completed, and what looks for the PIN finds it where it is', () => {
    expect(answers).to.include('"completed"');
    expect(stage.ca.requests).to.have.lengthOf(1);
    expect(end.status).to.equal(0);
    expect(hostThen.remembers, 'the token host').to.equal(true);
    expect(filesWith(stage.folder, pin())).to.deep.equal([join(stage.folder, 'pin')]);
  });

  it('the PIN never was in the process that talks to the web', () => {
    expect([agentThen.remembers, agentAfter.remembers]).to.deep.equal([false, false]);
    expect(agentAfter.pid).not.to.equal(hostThen.pid);
  });

  it('neither of them is in arguments or environments, where others can read', () => {
    const all = Buffer.concat([agentThen.announced, hostThen.announced, agentAfter.announced]);
    expect(all.includes('serve')).to.equal(true);
    expect(isIn(all, pin())).to.equal(false);
    expect(isIn(all, formsOf(SECRET))).to.equal(false);
  });

  it('neither of them is told to the page, printed, or in the reports', () => {
    const said = [answers, end.stdout, end.stderr, doctor.stdout, doctor.stderr, listed.stdout, listed.stderr];
    expect(isIn(Buffer.from(said.join('\n')), pin())).to.equal(false);
    expect(isIn(Buffer.from(said.join('\n')), formsOf(SECRET))).to.equal(false);
  });

  it('the authorization is gone from the disk, and so is the order', () => {
    expect(filesWith(join(stage.folder, 'state'), formsOf(SECRET))).to.deep.equal([]);
    expect(readdirSync(join(stage.folder, 'state/journal')).every((name) => name.endsWith('.json'))).to.equal(true);
  });
});
