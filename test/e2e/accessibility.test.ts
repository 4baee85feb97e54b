/**
 * WCAG 2.2: axe-core on every screen of the reference bank, in both languages, finds nothing of any impact; at 320 pixels
 * nothing sticks out (1.4.10), and every control is reached by Tab (2.1.1).
 */
import { join } from 'node:path';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { axeViolations } from '../stage/axe.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { walkPastEveryScreen } from '../stage/every-screen.ts';
import { ownFolder } from '../stage/folder.ts';

describe('end to end: accessibility', () => {
  const folder = ownFolder();

  it('axe finds nothing on any screen; none sticks out at 320 pixels, hides a control from the keyboard or speaks in codes', async function () {
    this.timeout(120_000);
    const found: Record<string, string[]> = {};
    const seen: string[] = [];
    await walkPastEveryScreen(folder(), async (page, name, language) => {
      seen.push(`${name} ${language}`);
      const findings = await axeViolations(page);
      const technical = (await page.locator('body').innerText()).match(/CK[RAM]_\w+|HTTP|ERR_\w+/g) ?? [];
      const all = [...findings, ...technical, ...(await beyondTheKeyboard(page)), ...(await stickingOut(page))];
      if (all.length > 0) found[`${name} ${language}`] = all;
    });
    expect(found).to.deep.equal({});
    expect(seen.length).to.be.greaterThan(45);
  });

  it('axe is at work: a picture without words is found', async () => {
    const context = await openBrowser({ profileFolder: join(folder(), 'chromium') });
    const page = await firstPage(context);
    await page.setContent('<html lang="ja"><title>t</title><main><h1>h</h1><img src="data:,"></main></html>');
    const findings = await axeViolations(page);
    await context.close();
    expect(findings.join()).to.include('image-alt');
  });
});

/** Controls that are shown and that Tab passes over. */
async function beyondTheKeyboard(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('a[href], button, input:not([type=hidden]), select, textarea')]
      .filter((control) => control.checkVisibility() && !control.matches(':disabled') && control.tabIndex < 0)
      .map((control) => `not by Tab: ${control.outerHTML.slice(0, 80)}`),
  );
}

async function stickingOut(page: Page): Promise<string[]> {
  const usual = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 800 });
  const pixels = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (usual) await page.setViewportSize(usual);
  return pixels > 0 ? [`sticks out by ${pixels} pixels at 320`] : [];
}
