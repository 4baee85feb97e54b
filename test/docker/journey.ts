/** The customer in the browser's container: walks the journey once, against an agent and a bank that run elsewhere. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { acquire, goToAcquisition, identify, shownDetails, waitForDone, waitForStart } from '../stage/customer.ts';

const [siteUrl, passwordFile] = process.argv.slice(2);
if (!siteUrl || !passwordFile) throw new Error('usage: journey.js SITE-URL PASSWORDS.json');
const passwords = JSON.parse(readFileSync(passwordFile, 'utf8')) as Record<string, string>;
const [[id, password] = ['', '']] = Object.entries(passwords);

const profileFolder = mkdtempSync(join(tmpdir(), 'inkan-browser-'));
const context = await openBrowser({ profileFolder });
try {
  const page = await firstPage(context);
  await goToAcquisition(page, siteUrl);
  await identify(page, { id, password });
  await waitForStart(page);
  await acquire(page);
  await waitForDone(page);
  console.log(JSON.stringify(await shownDetails(page), null, 2));
} finally {
  await context.close();
  rmSync(profileFolder, { recursive: true, force: true });
}
