/** What the bank's own site does with the agent: 電子証明書ログイン, and the removal of an old certificate. */
import type { Account } from '../accounts.ts';
import { type Content, type Html, html } from '../html.ts';
import { bankHelp } from './help.ts';
import { layout, link, type Scene } from './layout.ts';
import { dialogPicture, picture } from './pictures.ts';

/** Parts of a page on which the agent works; `pages/parts/agent-part.ts` shows one at a time. */
const part = (name: string, content: Content, hidden = true): Html =>
  html`<div data-part="${name}"${hidden && html` hidden`}>${content}</div>`;

function explanation(scene: Scene): Html {
  const { words } = scene;
  return part(
    'explain',
    html`<div class="notice" role="status"><p data-fill="what"></p><p data-fill="remedy"></p></div>
    <p>${words('preparing.why')}</p>${picture(scene)}${bankHelp(scene)}
    <p><button type="button" class="button" data-do="start">${words('preparing.connect')}</button></p>`,
  );
}

function failure(scene: Scene): Html {
  const { words } = scene;
  return part(
    'failure',
    html`<div class="notice bad" role="alert"><p class="lead" data-fill="what"></p><p data-fill="remedy"></p></div>
    <p class="support">${words('failure.support')} <strong data-fill="support"></strong></p>
    <p><button type="button" class="button" data-do="again">${words('failure.again')}</button></p>
    <div data-unreached hidden>${bankHelp(scene)}</div>
    <p class="faint">${words('failure.help', { telephone: words('help.telephone'), hours: words('help.hours') })}</p>`,
  );
}

/** Words that the script fills in. */
function scriptWords({ words }: Scene): Html {
  const keys = ['order.failed.what', 'order.failed.remedy', 'failure.internal.what', 'failure.internal.remedy'];
  return html`<div id="words" hidden>${keys.map((key) => html`<span data-key="${key}">${words(key)}</span>`)}</div>`;
}

export function certificateLoginPage(scene: Scene, csrf: string): Html {
  const { words } = scene;
  const body = html`<section class="card narrow" id="certificate-login" data-csrf="${csrf}">
    <h1>${words('certificate-login.title')}</h1>
    <noscript><p class="notice bad">${words('layout.noscript')}</p></noscript>
    ${explanation(scene)}
    ${part('working', html`<p class="lead working" role="status">${words('certificate-login.lead')}</p><p>${words('certificate-login.pin')}</p>${dialogPicture(scene)}`)}
    ${failure(scene)}
    <p><a class="button secondary" href="${link(scene, '/login')}">${words('back.login')}</a></p>
  </section>${scriptWords(scene)}`;
  return layout(scene, { title: words('certificate-login.title'), body, scripts: ['certificate-login'] });
}

/** On the contract's page, while the old certificate may still lie on the token. */
export function removalCard(scene: Scene, csrf: string): Html {
  const { words } = scene;
  return html`<section class="card narrow" id="removal" data-csrf="${csrf}" aria-labelledby="title-removal">
    <h2 id="title-removal">${words('removal.title')}</h2>
    ${part(
      'offer',
      html`<p>${words('removal.lead')}</p>
      <p><button type="button" class="button secondary" data-do="start">${words('removal.submit')}</button></p>`,
      false,
    )}
    ${part('working', html`<p class="working" role="status">${words('removal.working')}</p>${dialogPicture(scene)}`)}
    ${part('done', html`<p class="notice good" role="status">${words('removal.done')}</p>`)}
    ${failure(scene)}
  </section>${scriptWords(scene)}`;
}

/** 更新 while the certificate is valid, 再取得 after that. Both only while the bank's renewal window is open. */
export function renewalCard(scene: Scene, account: Account, expired: boolean): Html {
  const { words } = scene;
  const which = expired ? 'reacquire' : 'renew';
  return html`<section class="card narrow" id="renewal" aria-labelledby="title-renewal">
    <h2 id="title-renewal">${words(`renewal.${which}.title`)}</h2>
    <p>${words(`renewal.${which}.lead`, { display: account.display })}</p>
    <p><a class="button" id="renew" href="${link(scene, `${scene.caUrl}/reacquire`)}">${words(`renewal.${which}.submit`)}</a></p>
  </section>`;
}
