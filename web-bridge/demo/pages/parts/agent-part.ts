/** The part of a page for work that the agent does at once. It shows one thing at a time, and failures in words. */
import { languageOf } from '../../../protocol/languages.ts';
import { InkanError } from '../../../sdk/inkan.ts';

export const language = languageOf(document.documentElement.lang);

/** A failure that the bank's server found, in words of the page's language. */
export class ServerFailure extends Error {
  readonly shown: ShownFailure;

  constructor(shown: ShownFailure) {
    super(shown.support);
    this.shown = shown;
  }
}
export type ShownFailure = { readonly what: string; readonly remedy: string; readonly support: string };

export function find(within: ParentNode, selector: string): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}

const word = (key: string): string => find(document, `#words [data-key="${key}"]`).textContent;
const wordsOf = (kind: string): { what: string; remedy: string } => ({
  what: word(`${kind}.what`),
  remedy: word(`${kind}.remedy`),
});

export function show(root: HTMLElement, name: string): void {
  for (const part of root.querySelectorAll<HTMLElement>('[data-part]')) part.hidden = part.dataset.part !== name;
}

export function fill(within: ParentNode, texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) find(within, `[data-fill="${name}"]`).textContent = text;
}

function describe(error: unknown): ShownFailure {
  if (error instanceof ServerFailure) return error.shown;
  if (error instanceof InkanError) return { ...error.words[language], support: error.support };
  console.error(error);
  return { ...wordsOf('failure.internal'), support: 'K99' };
}

export function showFailure(root: HTMLElement, error: unknown): void {
  const unreached = error instanceof InkanError && error.code.startsWith('ERR_SDK_');
  find(root, '[data-unreached]').hidden = !unreached;
  fill(find(root, '[data-part="failure"]'), describe(error));
  show(root, 'failure');
}

type Answer = { order?: string; location?: string; what?: string; remedy?: string; support?: string };

/** Asks our own server; a refusal comes with its words. */
export async function post(root: HTMLElement, path: string, body?: unknown): Promise<Answer> {
  const headers = { 'x-csrf-token': root.dataset.csrf ?? '', ...(body ? { 'content-type': 'application/json' } : {}) };
  const init = { method: 'POST', headers, ...(body ? { body: JSON.stringify(body) } : {}) };
  const response = await fetch(path, init).catch(() => undefined);
  const answer = (await response?.json().catch(() => undefined)) as Answer | undefined;
  if (response?.ok && answer) return answer;
  const { what, remedy, support = 'K10' } = { ...wordsOf('order.failed'), ...answer };
  throw new ServerFailure({ what, remedy, support });
}

export function onClick(root: HTMLElement, actions: Readonly<Record<string, () => Promise<void>>>): void {
  for (const [name, action] of Object.entries(actions))
    for (const button of root.querySelectorAll(`[data-do="${name}"]`))
      button.addEventListener('click', () => void action());
}
