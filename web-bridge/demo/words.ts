/** What the pages say, in one file a language, and which language this visitor reads. */
import { existsSync, readFileSync } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { byLanguage, LANGUAGES, type Language } from '../protocol/languages.ts';

/** The text of a key; `{name}` in it is filled in, or left for a page's script to fill in. */
export type Words = (key: string, fill?: Readonly<Record<string, string | number>>) => string;

const YEAR_S = 365 * 24 * 3600;
const COOKIE = 'language';

const localeFile = (language: Language): URL => new URL(`./locales/${language}.json`, import.meta.url);

/** The languages of the bank's own pages: those that it has a locale file of. */
export const PAGE_LANGUAGES = LANGUAGES.filter((language) => existsSync(localeFile(language)));

/** The bank answers in English if it has no file for a language. */
const inPages = (language: Language): Language => (PAGE_LANGUAGES.includes(language) ? language : 'en');

const TEXTS = byLanguage(
  (language) => JSON.parse(readFileSync(localeFile(inPages(language)), 'utf8')) as Readonly<Record<string, string>>,
);

export function wordsOf(language: Language): Words {
  return (key, fill = {}) => {
    const text = TEXTS[language][key];
    if (text === undefined) throw new Error(`No words for ${key} in ${language}.json`);
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(fill[name] ?? whole));
  };
}

function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value);
}

/** `?lang=` decides and is remembered; then the cookie; then the bank's own language. */
export function languageOf(request: FastifyRequest, reply: FastifyReply, fallback: Language): Language {
  const asked = (request.query as Record<string, unknown>).lang;
  if (isLanguage(asked)) {
    void reply.setCookie(COOKIE, asked, { path: '/', sameSite: 'lax', maxAge: YEAR_S, httpOnly: true });
    return inPages(asked);
  }
  const remembered = request.cookies[COOKIE];
  return inPages(isLanguage(remembered) ? remembered : fallback);
}

export function formatDate(language: Language, milliseconds: number): string {
  const format = new Intl.DateTimeFormat(language === 'ja' ? 'ja-JP' : 'en-GB', {
    dateStyle: 'long',
    timeZone: 'Asia/Tokyo',
  });
  return format.format(milliseconds);
}
