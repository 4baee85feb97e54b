/** The languages of the SDK: a new one is a file in `locales/` and its lines here. */
import type { ByLanguage } from '../protocol/languages.ts';
import * as en from './locales/en.ts';
import * as ja from './locales/ja.ts';
import type { ElementTexts, Texts } from './locales/locale.ts';

export const TEXTS: ByLanguage<Texts> = { ja: ja.texts, en: en.texts };
export const ELEMENT_TEXTS: ByLanguage<ElementTexts> = { ja: ja.elementTexts, en: en.elementTexts };
