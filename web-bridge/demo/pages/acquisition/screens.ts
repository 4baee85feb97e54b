/** Shows one screen of the document at a time, and finds its parts. */
import { languageOf } from '../../../protocol/languages.ts';

export type ScreenName = 'preparing' | 'start' | 'issuing' | 'done' | 'failure' | 'cancelled';

/** The step that is marked while a screen is shown; the others leave the mark where it is. */
const STEP: Partial<Record<ScreenName, string>> = {
  preparing: 'preparing',
  start: 'start',
  issuing: 'issuing',
  done: 'done',
};

export const root: HTMLElement = find(document, '#acquisition');
export const language = languageOf(document.documentElement.lang);

export function find(within: ParentNode, selector: string): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}

export function screen(name: ScreenName): HTMLElement {
  return find(root, `[data-screen="${name}"]`);
}

export function part(name: ScreenName, part: string): HTMLElement {
  return find(screen(name), `[data-part="${part}"]`);
}

export function fill(within: ParentNode, name: string, text: string): void {
  find(within, `[data-fill="${name}"]`).textContent = text;
}

/** Text that the server put into the page for us, in the page's language. */
export function word(key: string, values: Readonly<Record<string, string>> = {}): string {
  const text = find(document, `#words [data-key="${key}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

function markStep(step: string | undefined): void {
  if (step === undefined) return;
  for (const item of document.querySelectorAll('.steps li')) item.removeAttribute('aria-current');
  find(document, `.steps [data-step="${step}"]`).setAttribute('aria-current', 'step');
}

/** A screen reader learns of a new screen by its heading, as it would of a new page. */
export function show(name: ScreenName): void {
  const shown = screen(name);
  if (!shown.hidden) return;
  for (const other of root.querySelectorAll<HTMLElement>('.screen')) other.hidden = other !== shown;
  markStep(STEP[name]);
  const heading = find(shown, 'h1');
  document.title = `${heading.textContent} – ${document.title.split(' – ').at(-1)}`;
  heading.focus();
  scrollTo(0, 0);
}
