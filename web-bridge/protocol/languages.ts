/** The languages in which people are addressed: the agent's dialogs, its errors on the wire, the SDK's own texts. */

export const LANGUAGES = ['ja', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One of something for each language. */
export type ByLanguage<T> = Readonly<Record<Language, T>>;

/** Makes one of something for each language. */
export function byLanguage<T>(make: (language: Language) => T): ByLanguage<T> {
  return Object.fromEntries(LANGUAGES.map((language) => [language, make(language)])) as Record<Language, T>;
}
