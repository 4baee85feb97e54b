import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JournalEntry } from '../../../agent/ports/records.ts';
import { openJournal } from '../../../agent/records/journal.ts';
import { ownFolder } from '../../stage/folder.ts';
import { refusalOf } from '../../stage/refusal.ts';

const ENTRY = {
  enrollment: 'AAAAAAAAAAAAAAAAAAAAAA',
  startedAt: 1,
  updatedAt: 2,
  state: { name: 'consented', plan: { jti: 'j' }, token: { label: 'desk' }, ckaId: new Uint8Array([0, 255]) },
} as unknown as JournalEntry;

describe('enrollment: the journal', () => {
  const folder = ownFolder();
  const facts: string[] = [];
  const open = () => openJournal(join(folder(), 'journal'), (fact) => facts.push(fact));
  const inside = (name: string) => join(folder(), 'journal', name);

  it('gives back what was written, bytes and all, in files of the owner only', async () => {
    const journal = await open();
    await journal.write(ENTRY);
    expect(await (await open()).read(ENTRY.enrollment)).to.deep.equal(ENTRY);
    expect(await journal.list()).to.deep.equal([ENTRY]);
    expect((await stat(inside(`${ENTRY.enrollment}.json`))).mode & 0o777).to.equal(0o600);
    expect((await stat(join(folder(), 'journal'))).mode & 0o777).to.equal(0o700);
  });

  it('keeps a Buffer as the bytes that it is', async () => {
    const journal = await open();
    await journal.write({
      ...ENTRY,
      state: { ...ENTRY.state, ckaId: Buffer.from([0, 255]) },
    } as unknown as JournalEntry);
    expect(await journal.read(ENTRY.enrollment)).to.deep.equal(ENTRY);
  });

  it('holds the latest state, and no temporary file', async () => {
    const journal = await open();
    await journal.write(ENTRY);
    await journal.write({ ...ENTRY, updatedAt: 3 });
    expect((await journal.read(ENTRY.enrollment))?.updatedAt).to.equal(3);
    expect(await readdir(join(folder(), 'journal'))).to.deep.equal([`${ENTRY.enrollment}.json`]);
  });

  it('is read again only where a file was replaced, by whichever process', async () => {
    const [journal, elsewhere] = [await open(), await open()];
    const other = { ...ENTRY, enrollment: 'BBBBBBBBBBBBBBBBBBBBBB', startedAt: 2 };
    await journal.write(ENTRY);
    await journal.write(other);
    const [, before] = await journal.list();
    // Of one length, within one tick of a coarse clock: it is the file that is another.
    await elsewhere.write({ ...ENTRY, updatedAt: 7 });
    const [first, second] = await journal.list();
    expect(first?.updatedAt).to.equal(7);
    expect(second).to.equal(before);
  });

  for (const [what, text] of [
    ['torn', '{"version":1,"enrollment":"AAAAAAAAAAAAAAAAAAAAAA","sta'],
    ['foreign', '[]'],
    ['of another version', JSON.stringify({ version: 2, ...ENTRY })],
    ['of another enrollment', JSON.stringify({ version: 1, ...ENTRY, enrollment: 'BBBBBBBBBBBBBBBBBBBBBB' })],
    ['without a plan', JSON.stringify({ version: 1, ...ENTRY, state: { name: 'consented' } })],
  ] as const) {
    it(`sets a file that is ${what} aside and reports it`, async () => {
      const journal = await open();
      await writeFile(inside(`${ENTRY.enrollment}.json`), text);
      facts.length = 0;
      expect(await journal.list()).to.deep.equal([]);
      const [aside = ''] = await readdir(join(folder(), 'journal'));
      expect(aside).to.match(/\.json\.set-aside-\d+$/);
      expect(await readFile(inside(aside), 'utf8')).to.equal(text);
      expect(facts).to.have.lengthOf(1);
    });
  }

  it('keeps the authorization in a file of its own, and erases it', async () => {
    const journal = await open();
    await journal.write(ENTRY);
    await journal.keepSecret(ENTRY.enrollment, 'one-time');
    expect((await stat(inside(`${ENTRY.enrollment}.authorization`))).mode & 0o777).to.equal(0o600);
    await journal.eraseAbandoned();
    expect(await journal.secret(ENTRY.enrollment)).to.equal('one-time');
    await journal.eraseSecret(ENTRY.enrollment);
    await journal.eraseSecret(ENTRY.enrollment);
    expect(await journal.secret(ENTRY.enrollment)).to.equal(undefined);
    expect(await readdir(join(folder(), 'journal'))).to.deep.equal([`${ENTRY.enrollment}.json`]);
  });

  it('erases an authorization whose enrollment was never consented', async () => {
    const journal = await open();
    await journal.keepSecret('BBBBBBBBBBBBBBBBBBBBBB', 'one-time');
    await journal.eraseAbandoned();
    expect(await journal.secret('BBBBBBBBBBBBBBBBBBBBBB')).to.equal(
      'one-time',
      'another process may be about to write',
    );
    const old = new Date(Date.now() - 60_000);
    await utimes(inside('BBBBBBBBBBBBBBBBBBBBBB.authorization'), old, old);
    await journal.eraseAbandoned();
    expect(await readdir(join(folder(), 'journal'))).to.deep.equal([]);
  });

  it('erases at once what a crash left of an ended enrollment, and nothing of an open one', async () => {
    const journal = await open();
    const ended = { ...ENTRY, enrollment: 'BBBBBBBBBBBBBBBBBBBBBB', state: { ...ENTRY.state, name: 'failed' } };
    for (const entry of [ENTRY, ended as unknown as JournalEntry]) {
      await journal.keepSecret(entry.enrollment, 'one-time');
      await journal.reserve(entry.enrollment);
      await journal.write(entry);
    }
    await journal.eraseAbandoned();
    expect((await readdir(join(folder(), 'journal'))).sort()).to.deep.equal([
      `${ENTRY.enrollment}.authorization`,
      `${ENTRY.enrollment}.json`,
      `${ENTRY.enrollment}.reserve`,
      `${ended.enrollment}.json`,
    ]);
  });

  it('can be opened by many processes at once', async () => {
    await Promise.all(Array.from({ length: 20 }, open));
    expect(await readdir(join(folder(), 'journal'))).to.deep.equal([]);
  });

  it('says before the first act that its folder cannot be written', async () => {
    await writeFile(join(folder(), 'journal'), 'a file where the folder should be');
    expect(await refusalOf(open())).to.equal('ERR_INTERNAL_STATE_UNWRITABLE');
  });
});
