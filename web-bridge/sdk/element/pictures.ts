/** Pictures of the browser's question and of the agent's window. Made by DOM calls only, as Trusted Types require. */
import type { Language } from '../../protocol/languages.ts';
import { ELEMENT_TEXTS } from '../texts.ts';

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

export function questionPicture(language: Language): HTMLElement {
  const { words } = ELEMENT_TEXTS[language];
  return make(
    'figure',
    'question',
    make('figcaption', '', words.questionTitle),
    make('p', '', words.asks.replace('{host}', location.host)),
    make('p', '', words.question),
    make('p', 'answers', make('span', '', words.block), make('span', 'wanted', words.allow)),
  );
}

export function dialogPicture(language: Language, title: string): HTMLElement {
  const lines = [1, 2].map(() => make('p', 'line'));
  return make(
    'figure',
    'dialog',
    make('figcaption', '', ELEMENT_TEXTS[language].words.dialogTitle),
    make('p', 'bar', title),
    ...lines,
  );
}
