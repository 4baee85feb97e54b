/** 電子証明書のインストールが完了しました: what was made, and how it was examined. */
import type { EnrollmentResult } from '../../../sdk/inkan.ts';
import { fill, find, language, screen, show, word } from './screens.ts';

/** `rsa-2048` → `RSA 2048 bit`, `ec-p256` → `EC P-256`. */
function keyName(keyType: EnrollmentResult['keyType']): string {
  return keyType.replace(/^rsa-(\d+)$/, 'RSA $1 bit').replace(/^ec-p(\d+)$/, 'EC P-$1');
}

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

type Trial = EnrollmentResult['examination']['trials'][number];

/** Three columns: what the token claims, what was tried, what came of it. */
function trials({ examination }: EnrollmentResult): HTMLElement[] {
  const cell = (text: string): HTMLElement => element('td', text);
  return examination.trials.map(({ claim, trial, outcome }) => {
    const row = document.createElement('tr');
    row.append(cell(word(`claimed.${claim}`)), cell(word(`trial.${trial}`)), cell(outcomeOf(trial, outcome)));
    return row;
  });
}

/** To read the mark is no attempt that could be refused: what was read is told. */
function outcomeOf(trial: Trial['trial'], outcome: Trial['outcome']): string {
  return word(trial === 'read-extractable' ? 'outcome.unmarked' : `outcome.${outcome}`);
}

export function showResult(result: EnrollmentResult): void {
  const done = screen('done');
  const { from, until } = { from: date(result.notBefore), until: date(result.notAfter) };
  fill(done, 'subject', result.subject);
  fill(done, 'issuer', result.issuer);
  fill(done, 'serial', result.serialNumber);
  fill(done, 'validity', word('done.validity.text', { from, until }));
  fill(done, 'token', [result.token.label, result.token.model].filter(Boolean).join(' · '));
  fill(done, 'key', keyName(result.keyType));
  fill(done, 'chain', word(result.chainComplete ? 'done.chain.complete' : 'done.chain.incomplete'));
  fill(done, 'proof', word('done.proof.text', { algorithm: result.proof.algorithm }));
  find(done, '[data-fill="trials"]').replaceChildren(...trials(result));
  show('done');
}
