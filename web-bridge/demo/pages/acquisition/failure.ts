/** 取得できませんでした: what happened, one thing to do, the support code, and the ways on that make sense. */
import { InkanError } from '../../../sdk/inkan.ts';
import { fill, find, language, part, screen, show, word } from './screens.ts';

/** A failure that this page or its server found, in words of the page's language. */
export class PageFailure extends Error {
  readonly what: string;
  readonly remedy: string;
  readonly support: string;
  readonly retry: boolean;

  constructor(facts: { what: string; remedy: string; support: string; retry: boolean }) {
    super(facts.support);
    this.what = facts.what;
    this.remedy = facts.remedy;
    this.support = facts.support;
    this.retry = facts.retry;
  }
}

type ShownFailure = { what: string; remedy: string; support: string; retry: boolean; reached: boolean };

function describe(error: unknown): ShownFailure {
  if (error instanceof PageFailure) {
    const { what, remedy, support, retry } = error;
    return { what, remedy, support, retry, reached: true };
  }
  if (error instanceof InkanError) {
    const reached = !error.code.startsWith('ERR_SDK_');
    return { ...error.words[language], support: error.support, retry: error.retry !== 'never', reached };
  }
  console.error(error);
  const words = { what: word('failure.internal.what'), remedy: word('failure.internal.remedy') };
  return { ...words, support: 'K99', retry: true, reached: true };
}

export function showFailure(error: unknown): void {
  const { what, remedy, support, retry, reached } = describe(error);
  const shown = screen('failure');
  find(shown, 'h1').textContent = word(reached ? 'failure.title' : 'trouble.title');
  fill(shown, 'what', what);
  fill(shown, 'remedy', remedy);
  fill(shown, 'support', support);
  find(shown, '[data-do="again"]').hidden = !retry;
  part('failure', 'unreached').hidden = reached;
  // One way on is the main one: to try again where that helps, else to start over.
  part('failure', 'over').classList.toggle('secondary', retry);
  show('failure');
}
