/** `npm run screenshots`: every screen of the reference bank in both languages, as pictures in `docs/screenshots`. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { argumentsOf } from './setup/commands.mjs';
import { walkPastEveryScreen } from './stage/every-screen.ts';

const FOLDER = resolve(import.meta.dirname, '../../docs/screenshots');

argumentsOf('screenshots');
mkdirSync(FOLDER, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'inkan-screenshots-'));
try {
  await walkPastEveryScreen(folder, async (page, name, language) => {
    const path = join(FOLDER, `${name.replaceAll(' ', '-')}.${language}.png`);
    await page.screenshot({ path, fullPage: true, animations: 'disabled' });
    console.log(path);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
