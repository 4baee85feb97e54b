/** 電子証明書のインストールが完了しました: what was made, and how it was examined. */
import type { EnrollmentResult } from '../../../sdk/inkan.ts';
import { fill, find, language, screen, show, word } from './screens.ts';

const KEY_NAMES: Readonly<Record<EnrollmentResult['keyType'], string>> = {
  'rsa-2048': 'RSA 2048 bit',
  'rsa-3072': 'RSA 3072 bit',
  'rsa-4096': 'RSA 4096 bit',
  'ec-p256': 'EC P-256',
  'ec-p384': 'EC P-384',
};

function date(text: string): string {
  return new Intl.DateTimeFormat(language === 'ja' ? 'ja-JP' : 'en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
  }).format(new Date(text));
}

function element(name: string, text: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function pair(term: string, description: string): HTMLElement {
  const made = document.createElement('div');
  made.append(element('dt', term), element('dd', description));
  return made;
}

function claims({ examination }: EnrollmentResult): HTMLElement[] {
  return Object.entries(examination.claims).map(([name, value]) =>
    pair(word(`claim.${name}`), word(value === null ? 'claim.silent' : value ? 'claim.yes' : 'claim.no')),
  );
}

function trials({ examination }: EnrollmentResult): HTMLElement[] {
  return examination.trials.map(({ trial, outcome }) =>
    element('li', `${word(`trial.${trial}`)} — ${word(`outcome.${outcome}`)}`),
  );
}

export function showResult(result: EnrollmentResult): void {
  const done = screen('done');
  const { from, until } = { from: date(result.notBefore), until: date(result.notAfter) };
  fill(done, 'subject', result.subject);
  fill(done, 'issuer', result.issuer);
  fill(done, 'serial', result.serialNumber);
  fill(done, 'validity', word('done.validity.text', { from, until }));
  fill(done, 'token', [result.token.label, result.token.model].filter(Boolean).join(' · '));
  fill(done, 'key', KEY_NAMES[result.keyType]);
  fill(done, 'chain', word(result.chainComplete ? 'done.chain.complete' : 'done.chain.incomplete'));
  fill(done, 'proof', word('done.proof.text', { algorithm: result.proof.algorithm }));
  find(done, '[data-fill="claims"]').replaceChildren(...claims(result));
  find(done, '[data-fill="trials"]').replaceChildren(...trials(result));
  show('done');
}
