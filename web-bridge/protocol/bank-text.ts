/** Texts in a bank's profile. A bank must write Japanese and English, and may write our other languages. */
import * as v from 'valibot';
import { LANGUAGES, type Language } from './languages.ts';

export type BankText<T> = Readonly<Record<'ja' | 'en', T> & Partial<Record<Language, T>>>;

/** The bank's text in this language, or in English if it wrote none. */
export function textIn<T>(text: BankText<T>, language: Language): T {
  return text[language] ?? text.en;
}

export function bankText<T>(one: v.GenericSchema<T>): v.GenericSchema<unknown, BankText<T>> {
  const optional = Object.fromEntries(LANGUAGES.map((language) => [language, v.exactOptional(one)]));
  return v.strictObject({ ...optional, ja: one, en: one });
}
