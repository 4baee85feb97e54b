/** WCAG 2.2: axe-core on every screen of the reference bank, in both languages, finds nothing of any impact. */
import { join } from 'node:path';
import { expect } from 'chai';
import { axeFindings } from '../stage/axe.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { walkPastEveryScreen } from '../stage/every-screen.ts';
import { ownFolder } from '../stage/folder.ts';

describe('end to end: accessibility', () => {
  const folder = ownFolder();

  it('axe finds nothing of any impact on any screen, and no screen speaks in codes of programs', async function () {
    this.timeout(120_000);
    const found: Record<string, string[]> = {};
    const seen: string[] = [];
    await walkPastEveryScreen(folder(), async (page, name, language) => {
      seen.push(`${name} ${language}`);
      const findings = await axeFindings(page);
      const technical = (await page.locator('body').innerText()).match(/CK[RAM]_\w+|HTTP|ERR_\w+/g) ?? [];
      if (findings.length + technical.length > 0) found[`${name} ${language}`] = [...findings, ...technical];
    });
    expect(found).to.deep.equal({});
    expect(seen.length).to.be.greaterThan(45);
  });

  it('axe is at work: a picture without words is found', async () => {
    const context = await openBrowser({ profileFolder: join(folder(), 'chromium') });
    const page = await firstPage(context);
    await page.setContent('<html lang="ja"><title>t</title><main><h1>h</h1><img src="data:,"></main></html>');
    const findings = await axeFindings(page);
    await context.close();
    expect(findings.join()).to.include('image-alt');
  });
});
