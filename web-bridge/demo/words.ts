/** What the pages say, in one file a language, and which language this visitor reads. */
import { readFileSync } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';

export const LANGUAGES = ['ja', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];
/** The text of a key; `{name}` in it is filled in, or left for a page's script to fill in. */
export type Words = (key: string, fill?: Readonly<Record<string, string | number>>) => string;

const YEAR_S = 365 * 24 * 3600;
const COOKIE = 'language';

function load(language: Language): Record<string, string> {
  const file = new URL(`./locales/${language}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}
const TEXTS: Readonly<Record<Language, Readonly<Record<string, string>>>> = { ja: load('ja'), en: load('en') };

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
    return asked;
  }
  const remembered = request.cookies[COOKIE];
  return isLanguage(remembered) ? remembered : fallback;
}

export function formatDate(language: Language, milliseconds: number): string {
  const format = new Intl.DateTimeFormat(language === 'ja' ? 'ja-JP' : 'en-GB', {
    dateStyle: 'long',
    timeZone: 'Asia/Tokyo',
  });
  return format.format(milliseconds);
}
