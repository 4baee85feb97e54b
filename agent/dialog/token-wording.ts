/** The texts of the questions about a token: insert, last try, PIN locked, reader, new PIN, replace. See `wording.ts`. */
import { textIn } from '../../web-bridge/protocol/bank-text.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import type {
  Help,
  InsertQuestion,
  LastTryQuestion,
  LockedNotice,
  NewPinQuestion,
  PinQuestion,
  ReplaceQuestion,
} from './dialog.ts';
import { plainLine } from './text.ts';
import { tokenLines, type Wording } from './wording.ts';
import { say } from './words.ts';

/** A bank's help text may be this much longer than a name. */
const HELP_FACTOR = 4;

export function insertWording(language: Language, { bank, reason, token, help }: InsertQuestion): Wording {
  return (max) =>
    [
      say(language, `insert.lead.${reason}`),
      '',
      say(language, 'consent.bank', { bank: plainLine(textIn(bank, language), max) }),
      ...(token ? tokenLines(language, token, max) : []),
      '',
      say(language, 'insert.waits'),
      say(language, 'consent.telephone', { telephone: plainLine(textIn(help, language).telephone, max) }),
    ].join('\n');
}

export function lastTryWording(language: Language, { token, help }: LastTryQuestion): Wording {
  return (max) =>
    [
      say(language, 'lastTry.lead'),
      say(language, 'lastTry.effect'),
      '',
      ...tokenLines(language, token, max),
      ...helpLines(language, help, max),
    ].join('\n');
}

export function lockedWording(language: Language, { token, help }: LockedNotice): Wording {
  return (max) =>
    [
      say(language, 'locked.lead'),
      say(language, 'locked.remedy'),
      '',
      ...tokenLines(language, token, max),
      ...helpLines(language, help, max),
    ].join('\n');
}

export function readerWording(language: Language, question: PinQuestion, warnings: readonly string[]): Wording {
  return (max) =>
    [
      say(language, question.purpose === 'change-pin' ? 'reader.lead.change' : 'reader.lead'),
      say(language, 'reader.cancel'),
      '',
      ...tokenLines(language, question.token, max),
      say(language, 'pin.purpose', { purpose: say(language, `purpose.${question.purpose}`) }),
      ...warnings,
    ].join('\n');
}

export function newPinWording(language: Language, { token, least, most }: NewPinQuestion): Wording {
  const lengths = { least: String(least), most: String(most) };
  return (max) =>
    [
      say(language, 'newPin.lead'),
      ...(least > 0 && most >= least ? [say(language, 'newPin.length', lengths)] : []),
      '',
      ...tokenLines(language, token, max),
    ].join('\n');
}

export function replaceWording(language: Language, { token, subject }: ReplaceQuestion): Wording {
  return (max) =>
    [
      say(language, 'replace.lead'),
      say(language, 'replace.effect'),
      '',
      ...tokenLines(language, token, max),
      say(language, 'certificate.subject', { subject: plainLine(subject, max) }),
    ].join('\n');
}

function helpLines(language: Language, help: Help | undefined, max: number): string[] {
  if (!help) return [];
  const { text, telephone } = textIn(help, language);
  return [
    '',
    plainLine(text, max * HELP_FACTOR),
    say(language, 'consent.telephone', { telephone: plainLine(telephone, max) }),
  ];
}
