/**
 * The texts for people, from `locales/<language>.json`: for each error what happened and one thing to do, and the texts of the
 * dialogs. The tables here list the texts that a locale must have. Tests check every locale against them.
 */

import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { type ErrorData, errorDataOf, type Words } from '../../web-bridge/protocol/envelope.ts';
import { asAgentError, ERRORS, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import { byLanguage, LANGUAGES, type Language } from '../../web-bridge/protocol/languages.ts';
import type { StateName } from '../../web-bridge/protocol/methods.ts';
import { KEY_TYPES, type KeyType } from '../../web-bridge/protocol/order.ts';
import { platform } from '../platform/current.ts';
import type { Environment } from '../platform/platform.ts';
import { PROGRAM } from '../platform/program.ts';

/** One text for each key type: its name. */
const KEY_TYPE_TEXTS = Object.fromEntries(KEY_TYPES.map((type) => [`keyType.${type}`, []])) as unknown as Readonly<
  Record<`keyType.${KeyType}`, readonly []>
>;

/** Every text of the dialogs, with the names of its placeholders. */
export const TEXTS = {
  app: [],
  'consent.title': [],
  'consent.lead.enroll': [],
  'consent.lead.renew': [],
  'consent.lead.reacquire': [],
  'consent.lead.authenticate': [],
  'consent.lead.remove': [],
  'consent.bank': ['bank'],
  'consent.site': ['site'],
  'consent.account': ['display'],
  'consent.id': ['id'],
  'consent.token': ['label', 'model'],
  'consent.serial': ['serialNumber'],
  'consent.key': ['keyType'],
  'consent.effect.enroll': [],
  'consent.effect.renew': [],
  'consent.effect.reacquire': [],
  'consent.effect.authenticate': [],
  'consent.effect.remove': [],
  'consent.refusal': [],
  'consent.telephone': ['telephone'],
  'consent.approve.enroll': [],
  'consent.approve.renew': [],
  'consent.approve.reacquire': [],
  'consent.approve.authenticate': [],
  'consent.approve.remove': [],
  cancel: [],
  proceed: [],
  'site.test': ['origin'],
  ...KEY_TYPE_TEXTS,
  'purpose.enroll': [],
  'purpose.renew': [],
  'purpose.reacquire': [],
  'purpose.authenticate': [],
  'purpose.remove': [],
  'purpose.change-pin': [],
  'purpose.write-back': [],
  'purpose.abandon': [],
  'pin.title': [],
  'pin.lead': [],
  'pin.purpose': ['purpose'],
  'pin.not': [],
  'pin.prompt': [],
  'pin.refused': [],
  'pin.empty': [],
  'pin.tries.few': [],
  'pin.tries.last': [],
  'code.title': [],
  'code.lead': [],
  'code.not': [],
  'code.prompt': [],
  'code.empty': [],
  'choose.title': [],
  'choose.lead': ['bank'],
  'choose.count': ['number', 'count'],
  'choose.approve': [],
  'choose.next': [],
  'choose.item': ['number', 'label', 'model', 'serialNumber', 'slotDescription'],
  'choose.slot': ['slotDescription'],
  'certificate.title': [],
  'certificate.lead': ['bank'],
  'certificate.count': ['number', 'count'],
  'certificate.item': ['number', 'subject', 'until', 'serialNumber', 'label'],
  'certificate.subject': ['subject'],
  'certificate.role': ['role'],
  'certificate.until': ['until'],
  'certificate.serial': ['serialNumber'],
  'insert.title': [],
  'insert.lead.none': [],
  'insert.lead.not-accepted': [],
  'insert.lead.certificate-elsewhere': [],
  'insert.lead.again': [],
  'insert.waits': [],
  'lastTry.title': [],
  'lastTry.lead': [],
  'lastTry.effect': [],
  'lastTry.approve': [],
  'locked.title': [],
  'locked.lead': [],
  'locked.remedy': [],
  'reader.title': [],
  'reader.lead': [],
  'reader.lead.change': [],
  'reader.cancel': [],
  'newPin.title': [],
  'newPin.lead': [],
  'newPin.length': ['least', 'most'],
  'newPin.prompt': [],
  'newPin.again': [],
  'newPin.differs': [],
  'replace.title': [],
  'replace.lead': [],
  'replace.effect': [],
  'replace.approve': [],
  close: [],
  'input.show': [],
  'input.hide': [],
  'terminal.consent.enroll': ['number'],
  'terminal.consent.renew': ['number'],
  'terminal.consent.reacquire': ['number'],
  'terminal.consent.authenticate': ['number'],
  'terminal.consent.remove': ['number'],
  'terminal.confirm': ['number'],
  'terminal.wait': [],
  'terminal.close': [],
  'terminal.hidden': [],
  'terminal.choose': [],
  'terminal.answer': [],
  'terminal.approved': [],
  'terminal.refused': [],
  'terminal.timeout': [],
  'notice.write-back.title': [],
  'notice.write-back.body': ['bank', 'display'],
  'notice.renew.title': [],
  'notice.renew.body': ['bank', 'display', 'expires'],
  'notice.reacquire.title': [],
  'notice.reacquire.body': ['bank', 'display', 'expires', 'closes'],
  'state.accepted': [],
  'state.consented': [],
  'state.key-generated': [],
  'state.csr-signed': [],
  'state.sent': [],
  'state.pending': [],
  'state.issued': [],
  'state.stored': [],
  'state.completed': [],
  'state.failed': [],
  'state.abandoned': [],
} as const satisfies Record<string, readonly string[]> & Record<`state.${StateName}`, readonly string[]>;

export type TextKey = keyof typeof TEXTS;
type Values<K extends TextKey> = Readonly<Record<(typeof TEXTS)[K][number], string>>;
/** A text without placeholders takes no values. */
type Arguments<K extends TextKey> = (typeof TEXTS)[K]['length'] extends 0 ? [] : [values: Values<K>];

const text = v.pipe(v.string(), v.minLength(1));
const entries = <K extends string, S>(keys: readonly K[], schema: S): Record<K, S> =>
  Object.fromEntries(keys.map((key) => [key, schema])) as Record<K, S>;

const localeSchema = () =>
  v.strictObject({
    errors: v.strictObject(entries(Object.keys(ERRORS) as ErrorCode[], v.strictObject({ what: text, remedy: text }))),
    texts: v.strictObject(entries(Object.keys(TEXTS) as TextKey[], text)),
    commands: v.record(v.string(), text),
  });
type Locale = v.InferOutput<ReturnType<typeof localeSchema>>;

// Read as a file, because a JSON import prints a warning on Node 20.
const load = (language: Language): Locale =>
  v.parse(localeSchema(), JSON.parse(readFileSync(new URL(`agent/dialog/locales/${language}.json`, PROGRAM), 'utf8')));

const loaded = new Map<Language, Locale>();

/** Loaded at the first text that is needed: an agent that starts, and a token host that lists tokens, need none. */
function locale(language: Language): Locale {
  const known = loaded.get(language) ?? load(language);
  loaded.set(language, known);
  return known;
}

/** The texts of an error in every language, for `error.data.words` on the wire. */
export function wordsFor(code: ErrorCode): Words {
  return byLanguage((language) => locale(language).errors[code]);
}

/** A text of the dialogs, with its values. A placeholder inside a value is not replaced. */
export function say<K extends TextKey>(language: Language, key: K, ...[values]: Arguments<K>): string {
  const given: Readonly<Record<string, string>> = values ?? {};
  return locale(language).texts[key].replace(/\{(\w+)\}/g, (placeholder, name: string) => given[name] ?? placeholder);
}

/** The texts of the command line. `agent/cli/wording.ts` lists them. */
export function commandTexts(language: Language): Readonly<Record<string, string>> {
  return locale(language).commands;
}

/** The system's language if there is a locale for it, else English. */
export function systemLanguage(environment: Environment): Language {
  const locale = platform.locale(environment);
  return LANGUAGES.find((language) => new RegExp(`^${language}([_.@-]|$)`).test(locale)) ?? 'en';
}

/** The data of any thrown error, for people and machines. */
export function describeError(thrown: unknown): ErrorData {
  return errorDataOf(asAgentError(thrown), wordsFor);
}
