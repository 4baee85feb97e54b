/** The dialogs as somebody hears them who does not see them. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Dialog } from '../../../agent/dialog/dialog.ts';
import { openDialog } from '../../../agent/dialog/open.ts';
import { hasScreen, openScreen, type Screen } from '../../stage/screen.ts';
import { hasScreenReader, type ScreenReader, type Spoken, startScreenReader } from '../../stage/screen-reader.ts';
import { skip } from '../../stage/skip.ts';
import { consentQuestion, pinQuestion } from './questions.ts';

for (const program of ['pinentry-qt', 'pinentry-gtk-2']) {
  describe(`the dialog by ${program}, read aloud`, function () {
    this.timeout(30_000);
    let folder: string;
    let screen: Screen;
    let reader: ScreenReader;
    let dialog: Dialog;

    before(async function () {
      if (!hasScreen() || !hasScreenReader() || !existsSync(`/usr/bin/${program}`)) {
        skip(this, `${program} read aloud needs Xvfb, xdotool, at-spi2-core, python3-pyatspi`);
      }
      folder = await mkdtemp(join(tmpdir(), 'inkan-at-spi-'));
      // Only this program is on PATH, so it is the one that is chosen.
      await symlink(join('/usr/bin', program), join(folder, program));
      screen = await openScreen();
      reader = await startScreenReader(screen.environment, folder);
      dialog = openDialog({ language: 'ja', timeoutMs: 20_000 }, { ...reader.environment, PATH: folder, HOME: folder });
    });
    after(async () => {
      reader?.close();
      await screen?.close();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    /** What is read while the question is open; then the question is taken back. */
    async function heard(ask: (signal: AbortSignal) => Promise<unknown>): Promise<Spoken[]> {
      const taken = new AbortController();
      const asked = ask(taken.signal).catch(() => 'taken back');
      const said = await reader.read(program);
      taken.abort();
      await asked;
      return said;
    }
    const named = (said: readonly Spoken[], role: string): string[] =>
      said.filter((one) => one.role === role).map(({ name }) => name);

    it('tells who asks, for whom, on which token; and its buttons by what they do, refusal first', async () => {
      const said = await heard((signal) => dialog.consent(consentQuestion, signal));
      const text = named(said, 'label').join('\n');
      for (const fact of [
        'サンプル信用金庫',
        'www.bank.example',
        '株式会社サンプル 管理者',
        '5410-000123',
        'Shinkin Token',
        '9f3c11d20a7e4b55',
      ]) {
        expect(text).to.include(fact);
      }
      expect(named(said, 'push button').map(plain)).to.have.members(['この内容で取得する', '中止']);
      expect(said.filter(({ focused }) => focused).map(({ name }) => plain(name))).to.deep.equal(['中止']);
    });

    it('tells which PIN is wanted and which is not, in a field that speaks no characters', async () => {
      const said = await heard((signal) => dialog.pin(pinQuestion, signal));
      const text = named(said, 'label').join('\n');
      expect(text).to.include('USBトークンのPINを入力してください').and.include('ではありません');
      const field = said.find(({ role }) => role === 'password text' || role === 'text');
      expect(field).to.include({ role: 'password text', focused: true });
      expect(named(said, 'push button').map(plain)).to.include.members(['続ける', '中止']);
    });
  });
}

/** Without the mnemonic that a toolkit may show. */
function plain(name: string): string {
  return name.replaceAll(/[_&]/g, '');
}
