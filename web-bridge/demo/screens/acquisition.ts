/**
 * The screens on which the agent works: 前処理中, 取得開始, 発行処理中, done, and what may come instead. They are one document,
 * so that the page's script keeps its connection from one to the next; `pages/acquisition.ts` shows one at a time.
 */
import { type Account, currentCertificate } from '../accounts.ts';
import { type Content, type Html, html } from '../html.ts';
import type { AcquisitionPurpose } from '../ra.ts';
import { SCREEN_OF, steps } from './authority.ts';
import { bankHelp } from './help.ts';
import { layout, link, type Scene } from './layout.ts';
import { dialogPicture, picture } from './pictures.ts';

/** The work of the agent in the order it is done; the script marks how far it is. */
const WORK = [
  'connecting',
  'accepted',
  'consented',
  'key-generated',
  'csr-signed',
  'sent',
  'issued',
  'stored',
  'completed',
];

const screen = (name: string, heading: string, content: Content): Html =>
  html`<section class="card narrow screen" data-screen="${name}" aria-labelledby="title-${name}" hidden>
    <h1 id="title-${name}" tabindex="-1">${heading}</h1>${content}</section>`;

const cancelRow = ({ words }: Scene): Html =>
  html`<div class="cancel"><button type="button" class="button secondary" data-do="cancel">${words('cancel.button')}</button>
    <p class="faint">${words('cancel.meaning')}</p></div>`;

function preparing(scene: Scene): Html {
  const { words } = scene;
  return screen(
    'preparing',
    words('preparing.title'),
    html`<p>${words('preparing.lead')}</p><p>${words('preparing.buttons')}</p><p class="faint">${words('preparing.harmless')}</p>
    <div role="status"><p class="working" data-part="checking">${words('preparing.checking')}</p>
      <p class="notice" data-part="token" hidden>${words('preparing.token')}</p></div>
    <div data-part="explain" hidden><div class="notice" role="status"><p data-fill="what"></p><p data-fill="remedy"></p></div>
      <p>${words('preparing.why')}</p>${picture(scene)}${bankHelp(scene)}
      <p><button type="button" class="button" data-do="connect">${words('preparing.connect')}</button></p></div>
    ${cancelRow(scene)}`,
  );
}

/** As the agent's own dialog calls it: 取得, 更新 while the old certificate is valid, 再取得 after it. */
function nameOf(account: Account, purpose: AcquisitionPurpose): 'enroll' | 'renew' | 'reacquire' {
  if (purpose === 'enroll') return 'enroll';
  return (currentCertificate(account)?.notAfter ?? 0) < Date.now() ? 'reacquire' : 'renew';
}

function start(scene: Scene, account: Account, purpose: AcquisitionPurpose): Html {
  const { words } = scene;
  return screen(
    'start',
    words('start.title'),
    html`<p class="lead">${words('start.lead')}</p><p>${words('start.note')}</p>
    <dl class="facts"><div><dt>${words('start.account')}</dt><dd>${account.display}（${words('field.id')} ${account.id}）</dd></div></dl>
    <p>${words('start.next')}</p>
    <ol class="numbered"><li>${words('start.next.1', { button: words(`start.button.${nameOf(account, purpose)}`) })}</li><li>${words('start.next.2')}</li></ol>
    <p class="notice">${words('start.pin')}</p>
    <p><button type="button" class="button large" data-do="acquire">${words('start.submit')}</button></p>
    ${cancelRow(scene)}`,
  );
}

function issuing(scene: Scene): Html {
  const { words } = scene;
  const work = (state: string): Html => html`<li data-state="${state}"><span>${words(`state.${state}`)}</span>
    <small data-done="${words('state.done')}" data-current="${words('state.current')}" data-waiting="${words('state.waiting')}"></small></li>`;
  return screen(
    'issuing',
    words('issuing.title'),
    html`<p>${words('issuing.lead')}</p><p class="faint">${words('issuing.harmless')}</p>
    <div data-part="dialog" hidden><p class="notice">${words('issuing.dialog')}</p>${dialogPicture(scene)}</div>
    <div class="notice bad" data-part="waiting" role="status" hidden><p data-fill="what"></p><p data-fill="remedy"></p></div>
    <div class="notice good" data-part="pending" role="status" hidden><h2>${words('issuing.pending')}</h2><p>${words('issuing.pending.text')}</p></div>
    <ol class="work">${WORK.map(work)}</ol><p class="unseen" role="status" data-part="announcement"></p>
    <div data-part="cancellable">${cancelRow(scene)}</div>
    <p class="faint" data-part="sent" hidden>${words('issuing.sent')}</p>`,
  );
}

function done(scene: Scene): Html {
  const { words } = scene;
  const fact = (name: string): Html => html`<div><dt>${words(`done.${name}`)}</dt><dd data-fill="${name}"></dd></div>`;
  return screen(
    'done',
    words('done.title'),
    html`<p class="lead">${words('done.lead')}</p><p>${words('done.restart')}</p><p>${words('done.next')}</p>
    <h2>${words('done.details')}</h2>
    <dl class="facts">${['subject', 'issuer', 'serial', 'validity', 'token', 'key', 'chain'].map(fact)}</dl>
    <h2>${words('done.examination')}</h2><p>${words('done.examination.lead')}</p>
    <table class="trials"><thead><tr><th>${words('done.claims')}</th><th>${words('done.trials')}</th>
    <th>${words('done.result')}</th></tr></thead><tbody data-fill="trials"></tbody></table>
    <h3>${words('done.proof')}</h3><p data-fill="proof"></p>
    <div class="row"><button type="button" class="button" data-do="close">${words('done.close')}</button>
      <a class="button secondary" href="${link(scene, `${scene.siteUrl}/login`)}">${words('done.login')}</a></div>
    <p role="status" data-part="close-failed" hidden>${words('done.close.failed')}</p>`,
  );
}

function failure(scene: Scene, over: string): Html {
  const { words } = scene;
  return screen(
    'failure',
    words('failure.title'),
    html`<div class="notice bad" role="alert"><p class="lead" data-fill="what"></p><p data-fill="remedy"></p></div>
    <p class="support">${words('failure.support')} <strong data-fill="support"></strong></p>
    <div class="row"><button type="button" class="button" data-do="again">${words('failure.again')}</button>
      <a class="button secondary" data-part="over" href="${over}">${words('failure.over')}</a></div>
    <div data-part="unreached" hidden>${bankHelp(scene)}</div>
    <p class="faint"><a href="${link(scene, `${scene.siteUrl}/help`)}">${words('trouble-help.title')}</a></p>
    <p class="faint">${words('failure.help', { telephone: words('help.telephone'), hours: words('help.hours') })}</p>`,
  );
}

function cancelled(scene: Scene, over: string): Html {
  const { words } = scene;
  return screen(
    'cancelled',
    words('cancelled.title'),
    html`<p class="lead">${words('cancelled.lead')}</p><p>${words('cancelled.next')}</p>
    <div class="row"><a class="button" href="${over}">${words('failure.over')}</a>
      <a class="button secondary" href="${link(scene, `${scene.siteUrl}/login`)}">${words('back.login')}</a></div>`,
  );
}

/** Words that the script fills in; data, not script, so the CSP has nothing to say. */
const SCRIPT_WORDS = [
  'claimed.consistent',
  'claimed.unknown',
  'claimed.contradicted',
  'trial.read-extractable',
  'trial.read-secret',
  'trial.wrap',
  'outcome.refused',
  'outcome.unmarked',
  'outcome.impossible',
  'done.validity.text',
  'done.chain.complete',
  'done.chain.incomplete',
  'done.proof.text',
  'failure.internal.what',
  'failure.internal.remedy',
  'order.failed.what',
  'order.failed.remedy',
  'failure.title',
  'trouble.title',
];

export type AcquisitionPage = {
  readonly account: Account;
  readonly purpose: AcquisitionPurpose;
  readonly csrf: string;
};

export function acquisitionPage(scene: Scene, { account, purpose, csrf }: AcquisitionPage): Html {
  const { words } = scene;
  const over = link(scene, `/${SCREEN_OF[purpose]}`);
  const scriptWords = SCRIPT_WORDS.map((key) => html`<span data-key="${key}">${words(key)}</span>`);
  const body = html`${steps(scene, 'preparing')}
    <noscript><p class="notice bad">${words('layout.noscript')}</p></noscript>
    <div id="acquisition" data-csrf="${csrf}" data-purpose="${purpose}">
      ${preparing(scene)}${start(scene, account, purpose)}${issuing(scene)}${done(scene)}${failure(scene, over)}${cancelled(scene, over)}
    </div>
    <div id="words" hidden>${scriptWords}</div>`;
  return layout(scene, { title: words('preparing.title'), body, scripts: ['acquisition'] });
}
