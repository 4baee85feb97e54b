/** The text of each question, in one language. `max` limits every untrusted text in it, in characters. */
import { textIn } from '../../web-bridge/protocol/bank-text.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import type {
  CertificateName,
  CertificateQuestion,
  CodeQuestion,
  ConsentQuestion,
  PinQuestion,
  TokenName,
  TokenQuestion,
} from './dialog.ts';
import { plainLine, plainOrigin } from './text.ts';
import { say } from './words.ts';

export type Wording = (max: number) => string;

export type Title =
  | 'consent'
  | 'pin'
  | 'code'
  | 'choose'
  | 'certificate'
  | 'insert'
  | 'lastTry'
  | 'locked'
  | 'reader'
  | 'newPin'
  | 'replace';

/** The window's title: the question and the app's name. */
export function titleOf(language: Language, question: Title): string {
  return `${say(language, `${question}.title`)} – ${say(language, 'app')}`;
}

export function consentWording(language: Language, question: ConsentQuestion): Wording {
  return (max) => {
    const show = (text: string): string => plainLine(text, max);
    return [
      say(language, `consent.lead.${question.purpose}`),
      '',
      say(language, 'consent.bank', { bank: show(textIn(question.bank, language)) }),
      say(language, 'consent.site', { site: site(language, question.origin, max) }),
      ...accountLines(language, question.account, max),
      ...objectLines(language, question, max),
      '',
      say(language, `consent.effect.${question.purpose}`),
      say(language, 'consent.refusal'),
      say(language, 'consent.telephone', { telephone: show(textIn(question.telephone, language)) }),
    ].join('\n');
  };
}

function accountLines(language: Language, account: ConsentQuestion['account'], max: number): string[] {
  if (!account) return [];
  return [
    say(language, 'consent.account', { display: plainLine(account.display, max) }),
    say(language, 'consent.id', { id: plainLine(account.id, max) }),
  ];
}

/** The object of the consent: the token and the type of the new key, or the certificate. */
function objectLines(language: Language, question: ConsentQuestion, max: number): string[] {
  if ('certificate' in question) return certificateLines(language, question.certificate, max);
  return [
    ...tokenLines(language, question.token, max),
    say(language, 'consent.key', { keyType: say(language, `keyType.${question.keyType}`) }),
  ];
}

function certificateLines(language: Language, certificate: CertificateName, max: number): string[] {
  const { subject, role, serialNumber, token } = certificate;
  return [
    say(language, 'certificate.subject', { subject: plainLine(subject, max) }),
    ...(role ? [say(language, 'certificate.role', { role: plainLine(role, max) })] : []),
    say(language, 'certificate.until', { until: dateOf(language, certificate.until) }),
    say(language, 'certificate.serial', { serialNumber: plainLine(serialNumber, max) }),
    say(language, 'consent.token', { label: plainLine(token.label, max), model: plainLine(token.model, max) }),
  ];
}

/** A date in this machine's time zone, as on the bank's page. */
export function dateOf(language: Language, date: Date): string {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { dateStyle: 'long' }).format(date);
}

export function pinWording(language: Language, question: PinQuestion): Wording {
  return (max) =>
    [
      say(language, 'pin.lead'),
      say(language, 'pin.not'),
      '',
      ...tokenLines(language, question.token, max),
      say(language, 'pin.purpose', { purpose: say(language, `purpose.${question.purpose}`) }),
      ...(question.bank === undefined
        ? []
        : [say(language, 'consent.bank', { bank: plainLine(textIn(question.bank, language), max) })]),
      ...(question.account === undefined
        ? []
        : [say(language, 'consent.account', { display: plainLine(question.account, max) })]),
    ].join('\n');
}

/** The red lines of the PIN dialog. Empty if there is no warning. */
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
      say(language, 'consent.bank', { bank: plainLine(textIn(question.bank, language), max) }),
      say(language, 'consent.account', { display: plainLine(question.account.display, max) }),
      say(language, 'consent.id', { id: plainLine(question.account.id, max) }),
    ].join('\n');
}

/** One token of several, for a dialog that shows one at a time. */
export function tokenWording(language: Language, question: TokenQuestion, index: number): Wording {
  const token = question.tokens[index];
  if (token === undefined) throw new RangeError('no such token');
  return (max) =>
    [
      say(language, 'choose.lead', { bank: plainLine(textIn(question.bank, language), max) }),
      say(language, 'choose.count', { number: String(index + 1), count: String(question.tokens.length) }),
      '',
      ...tokenLines(language, token, max),
      // It distinguishes readers if cards share a serial number.
      say(language, 'choose.slot', { slotDescription: plainLine(token.slotDescription, max) }),
    ].join('\n');
}

/** All tokens at once, numbered from 1. */
export function tokenList(language: Language, question: TokenQuestion): Wording {
  return (max) =>
    [
      say(language, 'choose.lead', { bank: plainLine(textIn(question.bank, language), max) }),
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

/** One certificate of several, for a dialog that shows one at a time. */
export function certificateWording(language: Language, question: CertificateQuestion, index: number): Wording {
  const certificate = question.certificates[index];
  if (certificate === undefined) throw new RangeError('no such certificate');
  return (max) =>
    [
      say(language, 'certificate.lead', { bank: plainLine(textIn(question.bank, language), max) }),
      say(language, 'certificate.count', { number: String(index + 1), count: String(question.certificates.length) }),
      '',
      ...certificateLines(language, certificate, max),
    ].join('\n');
}

/** All certificates at once, numbered from 1. */
export function certificateList(language: Language, question: CertificateQuestion): Wording {
  return (max) =>
    [
      say(language, 'certificate.lead', { bank: plainLine(textIn(question.bank, language), max) }),
      '',
      ...question.certificates.map(({ subject, role, until, serialNumber, token }, index) =>
        say(language, 'certificate.item', {
          number: String(index + 1),
          subject: plainLine(`${subject} ${role}`, max),
          until: dateOf(language, until),
          serialNumber: plainLine(serialNumber, max),
          label: plainLine(token.label, max),
        }),
      ),
    ].join('\n');
}

export function tokenLines(language: Language, token: TokenName, max: number): string[] {
  return [
    say(language, 'consent.token', { label: plainLine(token.label, max), model: plainLine(token.model, max) }),
    say(language, 'consent.serial', { serialNumber: plainLine(token.serialNumber, max) }),
  ];
}

/** An origin that is not https is marked. Only a test profile may have one. */
function site(language: Language, origin: string, max: number): string {
  const { text, https } = plainOrigin(origin, max);
  return https ? text : say(language, 'site.test', { origin: text });
}
