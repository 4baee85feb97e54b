/** What each question says, in one language. `max` bounds every stranger's text, in characters. */
import type { CodeQuestion, ConsentQuestion, Language, PinQuestion, TokenName, TokenQuestion } from './dialog.ts';
import { plainLine, plainOrigin } from './text.ts';
import { say } from './words.ts';

export type Wording = (max: number) => string;

/** The window's title: the question, and whose window it is. */
export function titleOf(language: Language, question: 'consent' | 'pin' | 'code' | 'choose'): string {
  return `${say(language, `${question}.title`)} – ${say(language, 'app')}`;
}

export function consentWording(language: Language, question: ConsentQuestion): Wording {
  return (max) => {
    const show = (text: string): string => plainLine(text, max);
    return [
      say(language, `consent.lead.${question.purpose}`),
      '',
      say(language, 'consent.bank', { bank: show(question.bank[language]) }),
      say(language, 'consent.site', { site: site(language, question.origin, max) }),
      say(language, 'consent.account', { display: show(question.account.display) }),
      say(language, 'consent.id', { id: show(question.account.id) }),
      ...tokenLines(language, question.token, max),
      say(language, 'consent.key', { keyType: say(language, `keyType.${question.keyType}`) }),
      '',
      say(language, 'consent.safe'),
      say(language, 'consent.refusal'),
      say(language, 'consent.telephone', { telephone: show(question.telephone[language]) }),
    ].join('\n');
  };
}

export function pinWording(language: Language, question: PinQuestion): Wording {
  return (max) =>
    [
      say(language, 'pin.lead'),
      say(language, 'pin.not'),
      '',
      ...tokenLines(language, question.token, max),
      say(language, 'pin.purpose', { purpose: say(language, `purpose.${question.purpose}`) }),
      say(language, 'consent.bank', { bank: plainLine(question.bank[language], max) }),
      say(language, 'consent.account', { display: plainLine(question.account, max) }),
    ].join('\n');
}

/** The red lines of the PIN dialog, where there is something to warn of. */
export function pinWarnings(language: Language, question: PinQuestion): string[] {
  const refused = question.refusedBefore ? [say(language, 'pin.refused')] : [];
  const tries = question.tries === 'unknown' ? [] : [say(language, `pin.tries.${question.tries}`)];
  return [...refused, ...tries];
}

export function codeWording(language: Language, question: CodeQuestion): Wording {
  return (max) =>
    [
      say(language, 'code.lead'),
      say(language, 'code.not'),
      '',
      say(language, 'consent.bank', { bank: plainLine(question.bank[language], max) }),
      say(language, 'consent.account', { display: plainLine(question.account.display, max) }),
      say(language, 'consent.id', { id: plainLine(question.account.id, max) }),
    ].join('\n');
}

/** One token of several, for dialogs that can only show one at a time. */
export function tokenWording(language: Language, question: TokenQuestion, index: number): Wording {
  const token = question.tokens[index];
  if (token === undefined) throw new RangeError('no such token');
  return (max) =>
    [
      say(language, 'choose.lead', { bank: plainLine(question.bank[language], max) }),
      say(language, 'choose.count', { number: String(index + 1), count: String(question.tokens.length) }),
      '',
      ...tokenLines(language, token, max),
      // Readers are told apart by it where cards share a serial number.
      say(language, 'choose.slot', { slotDescription: plainLine(token.slotDescription, max) }),
    ].join('\n');
}

/** All tokens at once, numbered from 1. */
export function tokenList(language: Language, question: TokenQuestion): Wording {
  return (max) =>
    [
      say(language, 'choose.lead', { bank: plainLine(question.bank[language], max) }),
      '',
      ...question.tokens.map((token, index) =>
        say(language, 'choose.item', {
          number: String(index + 1),
          label: plainLine(token.label, max),
          model: plainLine(token.model, max),
          serialNumber: plainLine(token.serialNumber, max),
          slotDescription: plainLine(token.slotDescription, max),
        }),
      ),
    ].join('\n');
}

function tokenLines(language: Language, token: TokenName, max: number): string[] {
  return [
    say(language, 'consent.token', { label: plainLine(token.label, max), model: plainLine(token.model, max) }),
    say(language, 'consent.serial', { serialNumber: plainLine(token.serialNumber, max) }),
  ];
}

/** Only a test profile may name an origin that is not https. */
function site(language: Language, origin: string, max: number): string {
  const { text, https } = plainOrigin(origin, max);
  return https ? text : say(language, 'site.test', { origin: text });
}
