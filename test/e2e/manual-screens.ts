/** The manual's screens as a customer has seen them on one walk: words, controls, both languages, the narrow screen. */
import type { Page } from 'playwright-core';
import { switchLanguage } from '../stage/customer.ts';

export type ScreenName =
  | 'home'
  | 'login'
  | 'keyboard help'
  | 'contract'
  | 'identity'
  | 'identity again'
  | 'wrong password'
  | 'preparing'
  | 'start'
  | 'issuing'
  | 'pending'
  | 'cancelled'
  | 'done'
  | 'log-in by certificate'
  | 'refused';

/** One screen in one language. */
export type Shown = {
  readonly language: string;
  readonly text: string;
  readonly main: string;
  /** Playwright's ARIA snapshot: a line an element, `- button "取得"`. */
  readonly accessible: string;
  /** Pixels that stick out where the window is 320 wide. */
  readonly overflow: number;
};

export type Screens = Map<ScreenName, { ja?: Shown; en?: Shown }>;

const NARROW_PX = 320;
const LANG = { 日本語: 'ja', English: 'en' } as const;

export async function look(page: Page, screens: Screens, name: ScreenName): Promise<void> {
  const language = (await page.locator('html').getAttribute('lang')) ?? '';
  const shown = {
    language,
    text: await page.locator('body').innerText(),
    main: await page.locator('main').innerText(),
    accessible: await page.locator('body').ariaSnapshot(),
    overflow: await overflowWhenNarrow(page),
  };
  screens.set(name, { ...screens.get(name), [language === 'en' ? 'en' : 'ja']: shown });
}

async function overflowWhenNarrow(page: Page): Promise<number> {
  const { width, height } = page.viewportSize() ?? { width: 1100, height: 900 };
  await page.setViewportSize({ width: NARROW_PX, height });
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  await page.setViewportSize({ width, height });
  return overflow;
}

/** Looks at the screen in Japanese, then in English by its switch, and comes back. */
export async function lookInBoth(page: Page, screens: Screens, name: ScreenName): Promise<void> {
  // Of the screens of one document: after the switch the page has to find the one where it was.
  const within = page.locator('main [data-screen]:visible');
  const current = (await within.count()) > 0 ? `[data-screen="${await within.getAttribute('data-screen')}"]` : 'h1';
  const turn = async (language: '日本語' | 'English'): Promise<void> => {
    await switchLanguage(page, language);
    await page.locator(`html[lang="${LANG[language]}"] ${current}`).waitFor();
  };
  await look(page, screens, name);
  await turn('English');
  await look(page, screens, name);
  await turn('日本語');
}

/** What can be operated, in order, by role alone: the two languages of a screen must agree in it. */
export function rolesOf({ accessible }: Shown): string[] {
  return [...accessible.matchAll(/^\s*- '?(button|link|textbox|heading|navigation|alert)\b/gm)].map(
    ([, role]) => role ?? '',
  );
}
