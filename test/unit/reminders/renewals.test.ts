/** Whom `serve` reminds of a renewal, and when: a real journal, real certificates, and a clock that the test turns. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { planFor } from '../../../agent/policy/plan.ts';
import type { Notice } from '../../../agent/ports/human.ts';
import type { JournalEntry } from '../../../agent/ports/records.ts';
import type { State } from '../../../agent/ports/state.ts';
import { openJournal } from '../../../agent/records/journal.ts';
import { openReminderBook } from '../../../agent/records/reminder-book.ts';
import { remindDaily } from '../../../agent/reminders/daily.ts';
import type { CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { makeAuthority, makeLeaf } from '../../stage/authority.ts';
import { ownFolder } from '../../stage/folder.ts';
import { openTestBank, type TestBank } from '../../stage/test-bank.ts';

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** Within the lifetime of the stage's CA, which begins now and lasts a year. */
const EXPIRES = (Math.floor(Date.now() / DAY_MS) + 100) * DAY_MS;
/** A PC is started some time of the day, not at the moment of a certificate. */
const onDay = (day: number) => EXPIRES + day * DAY_MS + 9 * 3_600_000;

describe('reminders of a renewal', () => {
  const folder = ownFolder();
  const book = () => join(folder(), 'reminders');
  let bank: TestBank;
  let profiles: TestBank['profile'][];
  let told: (readonly [day: number, about: string, account: string])[];
  let notices: Notice[];
  let facts: string[];
  let entries: number;

  before(async () => {
    bank = await openTestBank({ renewal: { opensDaysBefore: 30, closesDaysAfter: 20 } });
  });
  beforeEach(() => {
    [profiles, told, notices, facts, entries] = [[bank.profile], [], [], [], 0];
  });

  /** `inkan serve` from one moment to another, as far as reminders go; each call is a start. */
  async function serve(from: number, to: number): Promise<void> {
    const ending = new AbortController();
    let time = from;
    const sleep = async (ms: number, signal: AbortSignal) => {
      time += ms;
      if (time > to) ending.abort(new Error('over'));
      signal.throwIfAborted();
    };
    const report = (fact: string) => void facts.push(fact);
    const ports = {
      journal: await openJournal(join(folder(), 'journal'), report),
      reminderBook: openReminderBook(book(), report),
      clock: { now: () => time, sleep },
      notify: (notice: Notice) => {
        notices.push(notice);
        told.push([Math.floor((time - EXPIRES) / DAY_MS), notice.about, notice.account.id]);
      },
      report,
    };
    const nothing = async () => [];
    await remindDaily(nothing, async () => profiles, ports, ending.signal);
  }
  const start = (at: number) => serve(at, at);

  const leaf = (expires = EXPIRES, issuer = bank.authority.issuing): Promise<CertificateDer> =>
    makeLeaf({ issuer, notBefore: new Date(expires - 365 * DAY_MS), notAfter: new Date(expires) });

  async function journaled(state: Partial<State>, at = EXPIRES - 365 * DAY_MS, account = 'M0001'): Promise<string> {
    const claims = bank.claims({ account: { id: account, display: `株式会社サンプル ${account}` } });
    const { plan } = planFor({ claims, profile: bank.profile, digest: '' });
    const enrollment = String(entries++).padStart(22, 'e');
    const journal = await openJournal(join(folder(), 'journal'), () => {});
    await journal.write({ enrollment, startedAt: at, updatedAt: at, state: { plan, ...state } } as JournalEntry);
    return enrollment;
  }
  const completed = (certificate: CertificateDer, ...rest: [at?: number, account?: string]) =>
    journaled({ name: 'completed', certificate, chain: [] }, ...rest);
  const fileOf = (certificate: CertificateDer) => join(book(), createHash('sha256').update(certificate).digest('hex'));

  it('come on the first day and weekly, with other words after expiry, and end with the window', async () => {
    await completed(await leaf());
    await serve(onDay(-40), onDay(60));
    expect(told.map(([day, about]) => [day, about])).to.deep.equal([
      ...[-30, -23, -16, -9, -2].map((day) => [day, 'renew']),
      ...[0, 7, 14].map((day) => [day, 'reacquire']),
    ]);
    const [first] = notices;
    if (first?.about !== 'renew') throw new Error('not of a renewal');
    expect([first.bank, first.account.display]).to.deep.equal([bank.profile.names, '株式会社サンプル M0001']);
    expect([first.expires, first.closes]).to.deep.equal([new Date(EXPIRES), new Date(EXPIRES + 20 * DAY_MS)]);
    expect(facts).to.deep.equal([]);
  });

  it('do not come again because the agent was started again', async () => {
    await completed(await leaf());
    for (const day of [-30, -30, -29, -24]) await start(onDay(day));
    expect(told).to.have.lengthOf(1);
    // Started a little earlier in the day than a week ago: it is the same weekday to people.
    await start(onDay(-23) - 30 * MINUTE_MS);
    expect(told).to.have.lengthOf(2);
    await start(onDay(-23));
    expect(told.map(([day]) => day)).to.deep.equal([-30, -23]);
  });

  it('come after a sleep or a holiday on the first day that the machine runs', async () => {
    await completed(await leaf());
    for (const day of [-50, -11, -10, 3, 21, 30]) await start(onDay(day));
    expect(told.map(([day, about]) => [day, about])).to.deep.equal([
      [-11, 'renew'],
      [3, 'reacquire'],
    ]);
  });

  it('are not silenced for years by a clock that was once wrong', async () => {
    const certificate = await leaf();
    await completed(certificate);
    await start(onDay(-20));
    writeFileSync(fileOf(certificate), `open ${onDay(3000)}\n`);
    await start(onDay(-20));
    expect(told).to.have.lengthOf(2);
  });

  it('are remembered in one line for the owner only, which holds a digest and a time', async () => {
    const certificate = await leaf();
    await completed(certificate);
    await start(onDay(-30));
    expect(readdirSync(book()).map((name) => join(book(), name))).to.deep.equal([fileOf(certificate)]);
    expect(readFileSync(fileOf(certificate), 'utf8')).to.equal(`open ${onDay(-30)}\n`);
    expect([statSync(book()).mode & 0o777, statSync(fileOf(certificate)).mode & 0o777]).to.deep.equal([0o700, 0o600]);
  });

  for (const torn of ['', 'open 17', 'open 1799999999999', 'later 1799999999999\n', 'open -1\n', '{}\n'])
    it(`count a file that holds ${JSON.stringify(torn)} for nothing, and report it`, async () => {
      const certificate = await leaf();
      await completed(certificate);
      await start(onDay(-30));
      writeFileSync(fileOf(certificate), torn);
      await start(onDay(-29));
      expect(told).to.have.lengthOf(2);
      expect(facts).to.not.deep.equal([]);
      await start(onDay(-28));
      expect(told).to.have.lengthOf(2);
    });

  it('come once a start, and weekly, where nothing can be written; that is reported', async () => {
    await completed(await leaf());
    writeFileSync(book(), 'a file where the folder should be');
    await serve(onDay(-30), onDay(-22));
    expect(told.map(([day]) => day)).to.deep.equal([-30, -23]);
    expect(facts.filter((fact) => fact.includes('not written'))).to.have.lengthOf(2);
    await serve(onDay(-22), onDay(-20));
    expect(told).to.have.lengthOf(3);
  });

  it('end with the renewal, and begin anew with the new certificate', async () => {
    await completed(await leaf());
    await start(onDay(-30));
    await completed(await leaf(EXPIRES + 60 * DAY_MS), onDay(-29));
    await serve(onDay(-29), onDay(31));
    expect(told.map(([day]) => day)).to.deep.equal([-30, 60 - 30]);
  });

  it('end with the removal, and an older certificate that is still in use has its own', async () => {
    const [older, newer] = [await leaf(EXPIRES + DAY_MS), await leaf()];
    await completed(older);
    await completed(newer, onDay(-300));
    await start(onDay(-30));
    await openReminderBook(book(), () => {}).write(newer, { about: 'removed', at: onDay(-29) });
    await start(onDay(-28));
    expect(notices.map((notice) => 'expires' in notice && notice.expires.getTime())).to.deep.equal([
      EXPIRES,
      EXPIRES + DAY_MS,
    ]);
    await openReminderBook(book(), () => {}).write(older, { about: 'removed', at: onDay(-27) });
    await serve(onDay(-27), onDay(25));
    expect(told).to.have.lengthOf(2);
  });

  for (const name of ['pending', 'issued', 'stored'] as const)
    it(`leave an account alone whose renewal is ${name}`, async () => {
      await completed(await leaf());
      await journaled({ name }, onDay(-35));
      await serve(onDay(-30), onDay(-20));
      expect(told).to.deep.equal([]);
    });

  for (const name of ['consented', 'key-generated', 'csr-signed', 'sent'] as const)
    it(`leave an account alone while somebody is at it, and no longer where it was broken off as ${name}`, async () => {
      await completed(await leaf());
      await journaled({ name }, onDay(-30) - MINUTE_MS);
      await serve(onDay(-30), onDay(-29) + DAY_MS / 2);
      expect(told.map(([day]) => day)).to.deep.equal([-29]);
    });

  for (const name of ['failed', 'abandoned'] as const)
    it(`go on where a renewal has ${name}`, async () => {
      await completed(await leaf());
      await journaled({ name, at: 'sent', leftover: undefined }, onDay(-30));
      await start(onDay(-30));
      expect(told).to.have.lengthOf(1);
    });

  it('go by account: one’s renewal is not another’s', async () => {
    await completed(await leaf());
    await completed(await leaf(), onDay(-360), 'M0002');
    await completed(await leaf(EXPIRES + 365 * DAY_MS), onDay(-31), 'M0002');
    await completed(await leaf(), onDay(-360), 'M0003');
    await start(onDay(-30));
    expect(told.map(([, , account]) => account).sort()).to.deep.equal(['M0001', 'M0003']);
  });

  it('go by the profile as it is now, and are none where it was removed or names another CA', async () => {
    await completed(await leaf());
    profiles = [];
    await start(onDay(-20));
    profiles = [{ ...bank.profile, issuers: [(await makeAuthority()).issuing.pem] }];
    await start(onDay(-20));
    profiles = [{ ...bank.profile, renewal: { opensDaysBefore: 10, closesDaysAfter: 0 } }];
    await start(onDay(-20));
    await serve(onDay(1), onDay(9));
    expect(told).to.deep.equal([]);
    await start(onDay(-10));
    expect(told).to.have.lengthOf(1);
  });

  it('are forgotten with the journal’s entry, and what a crash left goes too', async () => {
    const [gone, kept] = [await leaf(), await leaf()];
    const entry = await completed(gone);
    await completed(kept, onDay(-360), 'M0002');
    await start(onDay(-30));
    const temporary = (digit: string) => join(book(), `.${'a'.repeat(64)}.${digit.repeat(12)}`);
    for (const digit of ['0', '1']) writeFileSync(temporary(digit), '');
    utimesSync(temporary('0'), 0, 0);
    rmSync(join(folder(), 'journal', `${entry}.json`));
    await start(onDay(-30));
    const left = [fileOf(kept), temporary('1')];
    expect(readdirSync(book()).map((name) => join(book(), name))).to.have.members(left);
  });
});
