/** The languages in which people are addressed: the agent's dialogs, its errors on the wire, the SDK's own texts. */

export const LANGUAGES = ['ja', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One of something for each language. */
export type ByLanguage<T> = Readonly<Record<Language, T>>;

/** The language of a tag (RFC 5646): an element's `lang`. Japanese for a tag of no language in the list. */
export function languageOf(tag: string | null | undefined): Language {
  return LANGUAGES.find((language) => tag?.startsWith(language)) ?? 'ja';
}

/** Makes one of something for each language. */
export function byLanguage<T>(make: (language: Language) => T): ByLanguage<T> {
  return Object.fromEntries(LANGUAGES.map((language) => [language, make(language)])) as Record<Language, T>;
}
