/** お客様ID and ログインパスワード with the software keyboard: the same form on the bank's site and at the CA. */
import { type Html, html } from '../html.ts';
import { link, type Scene } from './layout.ts';

/** What was wrong with the last attempt; its words are `problem.<kind>`. */
export type Problem =
  | { readonly kind: 'missing' | 'unknown' | 'stale' | 'certificate-only' }
  | { readonly kind: 'wait'; readonly seconds: number };

export type IdentityForm = {
  readonly action: string;
  readonly csrf: string;
  /** The ID as it was typed before. The password is never sent back. */
  readonly id: string;
  readonly problem: Problem | undefined;
  readonly submit: string;
};

function problemBox({ words }: Scene, problem: Problem): Html {
  const seconds = problem.kind === 'wait' ? problem.seconds : 0;
  return html`<div class="notice bad" role="alert" id="problem">
    <h2>${words('problem.heading')}</h2>
    <p>${words(`problem.${problem.kind}`, { seconds })}</p>
  </div>`;
}

/** Labels of the keys that the page's script makes. */
function keyboard({ words }: Scene): Html {
  return html`<div class="keyboard" id="software-keyboard" role="group" hidden aria-label="${words('keyboard.label')}"
    data-shift="${words('keyboard.shift')}" data-backspace="${words('keyboard.backspace')}"
    data-clear="${words('keyboard.clear')}" data-close="${words('keyboard.close')}" data-count="${words('keyboard.count')}"></div>`;
}

export function identityForm(scene: Scene, form: IdentityForm): Html {
  const { words } = scene;
  const described = form.problem && 'problem';
  const invalid = form.problem && html` aria-invalid="true" aria-describedby="${described}"`;
  const usage = link(scene, '/software-keyboard');
  return html`<form method="post" action="${form.action}" class="identity" autocomplete="on">
    ${form.problem && problemBox(scene, form.problem)}
    <input type="hidden" name="csrf" value="${form.csrf}">
    <div class="field">
      <label for="customer-id">${words('field.id')}${words('field.colon')}</label>
      <input id="customer-id" name="id" value="${form.id}" maxlength="64" autocomplete="username" autocapitalize="off"
        spellcheck="false" inputmode="numeric" required${invalid}>
    </div>
    <div class="field">
      <label for="password">${words('field.password')}${words('field.colon')}</label>
      <input id="password" name="password" type="password" maxlength="128" autocomplete="current-password" required${invalid}>
      <div class="keyboard-row"><button type="button" class="quiet" id="keyboard-open" aria-expanded="false"
        aria-controls="software-keyboard">${words('keyboard.open')}</button><span>（<a href="${usage}">${words('keyboard.usage')}</a>）</span></div>
      ${keyboard(scene)}
    </div>
    <button class="button" type="submit">${form.submit}</button>
  </form>`;
}

export function keyboardHelp(scene: Scene): Html {
  const { words } = scene;
  const back = scene.side === 'bank' ? '/login' : '/acquire';
  return html`<article class="card narrow">
    <h1>${words('keyboard.title')}</h1>
    <p>${words('keyboard.lead')}</p>
    <ol class="numbered">${[1, 2, 3, 4].map((step) => html`<li>${words(`keyboard.step.${step}`)}</li>`)}</ol>
    <p class="notice">${words('keyboard.pin')}</p>
    <p><a class="button" href="${link(scene, back)}">${words('keyboard.back')}</a></p>
  </article>`;
}
