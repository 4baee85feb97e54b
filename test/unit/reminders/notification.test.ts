import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createNotify, desktopNotifications } from '../../../agent/reminders/notification.ts';
import { ownFolder } from '../../stage/folder.ts';
import { type NotifySend, stageNotifySend } from '../../stage/notify-send.ts';

const NAMES = { bank: { ja: '見本信用金庫', en: 'Sample Shinkin Bank' }, account: { id: 'M1', display: '山田 太郎' } };

describe('agent: desktop notifications', () => {
  const folder = ownFolder();
  const reported: unknown[] = [];
  const report = (fact: string, details: unknown) => reported.push([fact, details]);
  const environment = (path: string) => ({ PATH: `${path}:/usr/bin:/bin`, LANG: 'ja_JP.UTF-8' });

  async function shownBy(desktop: NotifySend, count: number) {
    for (let tries = 0; tries < 1_000 && desktop.shown().length < count; tries += 1) await sleep(20);
    return desktop.shown();
  }

  for (const language of ['ja', 'en'] as const)
    it(`say in ${language} whose certificate waits for the PIN`, async () => {
      const desktop = stageNotifySend(folder());
      createNotify(
        language,
        desktopNotifications(environment(desktop.path), report),
      )({ about: 'write-back', ...NAMES });
      const [shown] = await shownBy(desktop, 1);
      expect(shown?.title).to.match(language === 'ja' ? /電子証明書/ : /certificate/);
      expect(shown?.body).to.include('山田 太郎').and.to.include(NAMES.bank[language]).and.to.include('PIN');
    });

  // By the clock of this machine, wherever it stands: that is what a person reads.
  const DATES = { expires: new Date(2027, 2, 31), closes: new Date(2027, 5, 29) };
  const OF_RENEWAL = [
    ['ja', 'renew', /更新/, ['2027年3月31日'], /再取得|切れ/],
    ['ja', 'reacquire', /有効期限が切れ/, ['2027年3月31日', '2027年6月29日', '再取得'], /更新/],
    ['en', 'renew', /renew/, ['31 March 2027'], /expired|acquire/],
    ['en', 'reacquire', /expired/, ['31 March 2027', '29 June 2027', 're-acquire'], /renew/],
  ] as const;
  for (const [language, about, title, says, saysNot] of OF_RENEWAL)
    it(`say in ${language} what to ${about}, at which bank, for whom and until when`, async () => {
      const desktop = stageNotifySend(folder());
      const notify = createNotify(language, desktopNotifications(environment(desktop.path), report));
      notify({ about, ...DATES, ...NAMES });
      const [shown] = await shownBy(desktop, 1);
      expect(shown?.title).to.match(title);
      for (const part of [...says, '山田 太郎', NAMES.bank[language]]) expect(shown?.body).to.include(part);
      expect(shown?.body).not.to.match(saysNot).and.not.to.match(/[{}]/);
    });

  it('show the text of strangers as text: bounded, on one line, no markup, no option', async () => {
    const desktop = stageNotifySend(folder());
    const display = `--action=x <a href="https://evil.example">\u202e${'長'.repeat(500)}\n`;
    const notify = createNotify('en', desktopNotifications(environment(desktop.path), report));
    notify({ about: 'write-back', bank: NAMES.bank, account: { id: 'M1', display } });
    const [shown, ...others] = await shownBy(desktop, 1);
    expect(others).to.deep.equal([]);
    expect(shown?.body).not.to.match(/[<>&\u202e]/);
    expect(shown?.body.length).to.be.below(400);
  });

  it('keep no command from ending, be their service deaf', async () => {
    const path = folder();
    writeFileSync(join(path, 'notify-send'), '#!/bin/sh\nexec sleep 8\n', { mode: 0o700 });
    const module = JSON.stringify(new URL('../../../agent/reminders/notification.js', import.meta.url).href);
    const source = `import { desktopNotifications as on } from ${module};
      on({ PATH: ${JSON.stringify(`${path}:/usr/bin:/bin`)} }, () => {})({ title: 'a', body: 'b' });`;
    // Its time limit is the test: a command that waited would be killed, and have no status.
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { timeout: 5_000 });
    expect(status).to.equal(0);
  });

  it('that cannot be shown are a fact for the log, and no failure', async () => {
    reported.length = 0;
    desktopNotifications({ PATH: folder() }, report)({ title: 'a', body: 'b' });
    for (let tries = 0; tries < 200 && reported.length === 0; tries += 1) await sleep(20);
    expect(reported).to.deep.equal([['notification: not shown', { code: 'ENOENT' }]]);
  });
});
