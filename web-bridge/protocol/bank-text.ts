/** Texts that a bank writes, in its profile: in Japanese and English always, in our other languages where it likes. */
import * as v from 'valibot';
import { LANGUAGES, type Language } from './languages.ts';

export type BankText<T> = Readonly<Record<'ja' | 'en', T> & Partial<Record<Language, T>>>;

/** What the bank wrote in this language, or in English. */
export function textIn<T>(text: BankText<T>, language: Language): T {
  return text[language] ?? text.en;
}

export function bankText<T>(one: v.GenericSchema<T>): v.GenericSchema<unknown, BankText<T>> {
  const optional = Object.fromEntries(LANGUAGES.map((language) => [language, v.exactOptional(one)]));
  return v.strictObject({ ...optional, ja: one, en: one });
}
