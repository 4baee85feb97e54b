/** The frame around every page, and what every page is given. */
import type { Language } from '../../protocol/languages.ts';
import { type Content, type Html, html } from '../html.ts';
import { PAGE_LANGUAGES, type Words } from '../words.ts';

/** What a screen knows of the request: the language, and where the two origins are. */
export type Scene = {
  readonly language: Language;
  readonly words: Words;
  /** Path and query of this page without the language, for the switch. */
  readonly here: string;
  readonly side: 'bank' | 'authority';
  readonly siteUrl: string;
  readonly caUrl: string;
};

export type Page = {
  readonly title: string;
  readonly body: Content;
  /** Names of page scripts, without extension. */
  readonly scripts?: readonly string[];
};

/** A language's name in itself. */
function nameOf(language: Language): string {
  return new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
}

/** A link that keeps the language, which no cookie carries to another origin. */
export function link({ language }: Pick<Scene, 'language'>, url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}lang=${language}`;
}

function languageSwitch(scene: Scene): Html {
  const choices = PAGE_LANGUAGES.map((language) =>
    language === scene.language
      ? html`<li><span aria-current="true">${nameOf(language)}</span></li>`
      : html`<li><a href="${link({ language }, scene.here)}" lang="${language}" hreflang="${language}">${nameOf(language)}</a></li>`,
  );
  return html`<nav class="languages" aria-label="${scene.words('layout.language')}"><ul>${choices}</ul></nav>`;
}

/** The seal: a vermilion square, as on a bank book. */
const SEAL = html`<svg class="seal" viewBox="0 0 40 40" aria-hidden="true" focusable="false"><rect x="2" y="2" width="36" height="36" rx="7"/><path d="M11 13h18M11 20h18M11 27h18M16 9v22M24 9v22"/></svg>`;

function header(scene: Scene): Html {
  const { words, side } = scene;
  const name = words(side === 'bank' ? 'bank.name' : 'authority.name');
  const home = link(scene, `${scene.siteUrl}/`);
  return html`<header class="top ${side}">
    <a class="skip" href="#content">${words('layout.skip')}</a>
    <div class="inner">
      <a class="brand" href="${home}">${SEAL}<span>${name}</span></a>
      ${languageSwitch(scene)}
    </div>
  </header>`;
}

export function layout(scene: Scene, { title, body, scripts = [] }: Page): Html {
  const { words, language } = scene;
  return html`<html lang="${language}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} – ${words(scene.side === 'bank' ? 'bank.name' : 'authority.name')}</title>
  <link rel="icon" href="/assets/seal.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/assets/bank.css">
  ${scripts.map((name) => html`<script type="module" src="/assets/${name}.js"></script>`)}
</head>
<body>
  ${header(scene)}
  <main id="content" tabindex="-1">${body}</main>
  <footer class="bottom"><div class="inner">
    <p>${words('footer.copyright')}</p>
    <p class="faint">${words('footer.demo')}</p>
  </div></footer>
</body>
</html>`;
}

export function errorPage(scene: Scene, status: number): Html {
  const { words } = scene;
  const known = [400, 403, 404, 413, 429].includes(status) ? status : 500;
  return layout(scene, {
    title: words('error.title'),
    body: html`<section class="card narrow">
      <h1>${words('error.title')}</h1>
      <p>${words(`error.${known}`)}</p>
      <p><a class="button" href="${link(scene, `${scene.siteUrl}/`)}">${words('error.home')}</a></p>
    </section>`,
  });
}
