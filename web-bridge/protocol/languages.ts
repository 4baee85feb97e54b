/** The languages of the agent's dialogs, of the errors on the wire, and of the SDK's own texts. */

export const LANGUAGES = ['ja', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One value for each language. */
export type ByLanguage<T> = Readonly<Record<Language, T>>;

/** The language of a tag (RFC 5646), such as an element's `lang`. Japanese if the list does not have it. */
export function languageOf(tag: string | null | undefined): Language {
  return LANGUAGES.find((language) => tag?.startsWith(language)) ?? 'ja';
}

/** Makes one value for each language. */
export function byLanguage<T>(make: (language: Language) => T): ByLanguage<T> {
  return Object.fromEntries(LANGUAGES.map((language) => [language, make(language)])) as Record<Language, T>;
}
