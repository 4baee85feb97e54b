/**
 * The journal, seen from outside: what the agent asks of the kernel, by strace, in its order; and a disk that is full. Each is
 * skipped, and says so, where this machine does not allow it.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Agent } from '../../agent/main.ts';
import type { JournalEntry } from '../../agent/ports/records.ts';
import { openJournal } from '../../agent/records/journal.ts';
import { isOpen } from '../../agent/records/states.ts';
import { type FaultyCa, issue, startFaultyCa } from '../doubles/faulty-ca.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { hasStrace, setUpKillablePc } from '../stage/killable-pc.ts';
import { refusalOf } from '../stage/refusal.ts';
import { skip } from '../stage/skip.ts';
import { ORIGIN, openTestBank, type TestBank } from '../stage/test-bank.ts';
import { objectsOn } from '../stage/witness.ts';

const STATES = 7;

describe('integration: the journal and the kernel', () => {
  const folder = ownFolder();

  it('each state is written, fsynced, renamed, and its folder fsynced, before the next act', async function () {
    if (!hasStrace()) skip(this, 'the order of system calls is seen by strace');
    const pc = await setUpKillablePc(folder());
    await pc.traced(['enroll', '--profile', 'stage-bank', '--order', await pc.order()]);
    await pc.close();
    const writes = journalWrites(readFileSync(join(folder(), 'trace'), 'utf8'));
    expect(writes.map((calls) => calls.join(' '))).to.deep.equal(
      Array.from({ length: STATES }, () => 'open write fsync close rename open-folder fsync'),
    );
  });

  describe('on a disk of its own', () => {
    let bank: TestBank;
    let ca: FaultyCa;
    let pc: CustomerPc;
    let state: string;
    let agent: Agent | undefined;
    let isMounted = false;

    beforeEach(async () => {
      bank = await openTestBank({ test: true });
      ca = await startFaultyCa(bank.authority);
      pc = setUpPc(folder());
      const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
      pc.addProfile({ ...profile, enrollment: { customers: { ...enrollment['customers'], url: ca.url } } });
      state = join(folder(), 'state');
      mkdirSync(state, { mode: 0o700 });
    });
    afterEach(async () => {
      await agent?.close();
      agent = undefined;
      await ca.close();
      if (isMounted) spawnSync('umount', [state]);
    });

    const mount = (options: string) => {
      isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', state]).status === 0;
      return isMounted;
    };
    /** Takes what is left. */
    const fill = () => {
      try {
        for (let part = 0; ; part += 1) writeFileSync(join(state, `filler-${part}`), Buffer.alloc(4096));
      } catch {
        // Full.
      }
    };
    const enroll = async (agent: Agent) => {
      const id = await agent.enrollments.begin(await bank.order({ keys: ['ec-p256'] }), ORIGIN, 'enroll');
      return await agent.enrollments.settled(id, 'owner');
    };

    it('a disk without room is an error before the first act: nobody is asked, nothing is made', async function () {
      if (!mount('size=600k,mode=700')) skip(this, 'a disk of its own is mounted by root');
      agent = await pc.compose();
      fill();
      const progress = await enroll(agent);
      expect([progress.state, progress.error?.code]).to.deep.equal(['failed', 'ERR_INTERNAL_STATE_UNWRITABLE']);
      expect(objectsOn(pc, 'desk')).to.deep.equal([]);
      expect(ca.requests).to.deep.equal([]);
    });

    it('a disk that fills up in the middle stops nothing: the space was taken before', async function () {
      if (!mount('size=600k,mode=700')) skip(this, 'a disk of its own is mounted by root');
      agent = await pc.compose();
      ca.answer = (request, response) => {
        fill();
        return issue(bank.authority)(request, response);
      };
      const { state: end, error } = await enroll(agent);
      expect([end, error?.code]).to.deep.equal(['completed', undefined]);
      expect(readdirSync(join(state, 'journal')).filter((name) => name.endsWith('.reserve'))).to.deep.equal([]);
    });

    it('a folder that can only be read is an error at the start', async function () {
      if (!mount('size=600k,mode=700')) skip(this, 'a disk of its own is mounted by root');
      if (spawnSync('mount', ['-o', 'remount,ro', state]).status !== 0)
        skip(this, 'this kernel lets no tmpfs be made read-only');
      expect(await refusalOf(pc.compose())).to.equal('ERR_INTERNAL_STATE_UNWRITABLE');
    });
  });

  it('what a crash left of a write is cleared away, and is no state', async () => {
    const place = join(folder(), 'journal');
    const entry = {
      enrollment: 'AAAAAAAAAAAAAAAAAAAAAA',
      startedAt: 1,
      updatedAt: 1,
      state: { name: 'abandoned', plan: {} },
    };
    const journal = await openJournal(place, () => {});
    await journal.write(entry as unknown as JournalEntry);
    const left = join(place, `.${entry.enrollment}.authorization.0123456789ab`);
    writeFileSync(left, 'secret');
    await journal.eraseAbandoned();
    expect(readdirSync(place), 'another process may be at it').to.include(
      `.${entry.enrollment}.authorization.0123456789ab`,
    );
    spawnSync('touch', ['-d', '1 minute ago', left]);
    await journal.eraseAbandoned();
    expect(readdirSync(place)).to.deep.equal([`${entry.enrollment}.json`]);
    expect((await journal.list()).some(({ state }) => isOpen(state))).to.equal(false);
    rmSync(place, { recursive: true });
  });
});

/** Of each time that an entry took its place: the calls on its temporary file, and on the folder after it. */
function journalWrites(trace: string): string[][] {
  const lines = whole(trace);
  const writes: string[][] = [];
  for (const [at, line] of lines.entries()) {
    const [, temporary, entry] = /rename\("([^"]+)", "([^"]+\/journal\/[\w-]{22}\.json)"\) = 0/.exec(line) ?? [];
    if (temporary && entry)
      writes.push([...before(lines.slice(0, at), temporary), 'rename', ...after(lines.slice(at + 1), entry)]);
  }
  return writes;
}

/** A call that another thread interrupted stands in two lines. */
function whole(trace: string): string[] {
  const begun = new Map<string, string>();
  return trace.split('\n').flatMap((line) => {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text.endsWith(' <unfinished ...>')) {
      begun.set(thread, text.slice(0, -17));
      return [];
    }
    const [, rest] = /^<\.\.\. \w+ resumed>(.*)$/.exec(text) ?? [];
    return [(rest === undefined ? text : (begun.get(thread) ?? '') + rest).replace(/\) +=/, ') =')];
  });
}

function before(lines: readonly string[], temporary: string): string[] {
  const opened = lines.findLastIndex((line) => line.startsWith('openat(') && line.includes(`"${temporary}"`));
  const descriptor = /= (\d+)$/.exec(lines[opened] ?? '')?.[1];
  return ['open', ...onDescriptor(lines.slice(opened + 1), descriptor)];
}

function after(lines: readonly string[], entry: string): string[] {
  const folder = entry.slice(0, entry.lastIndexOf('/'));
  const opened = lines.findIndex((line) => line.startsWith('openat(') && line.includes(`"${folder}"`));
  const descriptor = /= (\d+)$/.exec(lines[opened] ?? '')?.[1];
  return opened < 0 ? [] : ['open-folder', ...onDescriptor(lines.slice(opened + 1), descriptor).slice(0, 1)];
}

function onDescriptor(lines: readonly string[], descriptor: string | undefined): string[] {
  const calls: string[] = [];
  for (const line of lines) {
    const [, name = '', on] = /^(\w+)\((\d+)/.exec(line) ?? [];
    if (on !== descriptor || !['write', 'fsync', 'close'].includes(name)) continue;
    calls.push(name);
    if (name === 'close') break;
  }
  return calls;
}
