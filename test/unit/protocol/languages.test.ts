import { expect } from 'chai';
import { byLanguage, LANGUAGES, languageOf } from '../../../web-bridge/protocol/languages.ts';

describe('languages', () => {
  it('a language is found by the first subtag of a tag', () => {
    for (const language of LANGUAGES) expect(languageOf(`${language}-XX`)).to.equal(language);
  });

  it('a tag of another language, or none, means Japanese', () => {
    for (const tag of ['fr', '', null, undefined]) expect(languageOf(tag)).to.equal('ja');
  });

  it('byLanguage makes one for each language in the list', () => {
    expect(byLanguage((language) => `text in ${language}`)).to.deep.include({ ja: 'text in ja', en: 'text in en' });
    expect(Object.keys(byLanguage(() => ''))).to.deep.equal([...LANGUAGES]);
  });
});
