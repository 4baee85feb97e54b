/** 困ったとき: every state a page can be in on its way to the agent, in the SDK's words; and the agent's only address. */
import { type BridgeState, OBSTACLES } from '../../sdk/bridge-state.ts';
import { helpFor } from '../../sdk/help.ts';
import { SDK_WORDS } from '../../sdk/words.ts';
import { type Html, html } from '../html.ts';
import { layout, link, type Scene } from './layout.ts';

const isObstacle = (state: BridgeState): state is keyof typeof OBSTACLES => Object.hasOwn(OBSTACLES, state);

function section(scene: Scene, state: BridgeState): Html {
  const { what, remedy } = SDK_WORDS[state][scene.language];
  const support = isObstacle(state) && OBSTACLES[state].support;
  return html`<section id="${state}"><h2>${what}</h2><p>${remedy}</p>
    ${support && html`<p class="support">${scene.words('failure.support')} <strong>${support}</strong></p>`}</section>`;
}

/** Why the bank asks, its telephone, and the only address: wherever the agent has not been reached. */
export function bankHelp(scene: Scene): Html {
  const { words, language, siteUrl } = scene;
  const telephone = `${words('help.telephone')}（${words('help.hours')}）`;
  const bank = { reason: words('help.reason'), telephone, download: link(scene, `${siteUrl}/app`) };
  const pairs = helpFor('not-running', bank, language).map(({ label, text }) => {
    const shown = text === bank.download ? html`<a href="${text}">${text}</a>` : text;
    return html`<div><dt>${label}</dt><dd>${shown}</dd></div>`;
  });
  return html`<dl class="facts">${pairs}</dl>`;
}

export function helpPage(scene: Scene): Html {
  const { words } = scene;
  const states = Object.keys(SDK_WORDS) as BridgeState[];
  const body = html`<article class="card narrow">
    <h1>${words('trouble-help.title')}</h1>
    <p>${words('trouble-help.lead')}</p>
    ${bankHelp(scene)}
    ${states.map((state) => section(scene, state))}
    <p><a class="button" href="${link(scene, '/login')}">${words('back.login')}</a></p>
  </article>`;
  return layout(scene, { title: words('trouble-help.title'), body });
}

export function appPage(scene: Scene): Html {
  const { words } = scene;
  const body = html`<article class="card narrow">
    <h1>${words('app.title')}</h1>
    <p>${words('app.lead')}</p>
    <p class="notice">${words('app.demo')}</p>
    <p><a class="button" href="${link(scene, '/login')}">${words('back.login')}</a></p>
  </article>`;
  return layout(scene, { title: words('app.title'), body });
}
