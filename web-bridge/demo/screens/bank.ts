/** The screens of the bank's own site: home, log-in, contract. */
import { type Account, currentCertificate } from '../accounts.ts';
import { removableCertificate } from '../certificate-login.ts';
import { type Html, html } from '../html.ts';
import type { ManagementMemory } from '../management-routes.ts';
import { acquisitionRefusal, type RenewalWindow } from '../ra.ts';
import { formatDate } from '../words.ts';
import { removalCard, renewalCard } from './certificate.ts';
import { type IdentityForm, identityForm } from './identity-form.ts';
import { layout, link, type Scene } from './layout.ts';
import { certificateList, managementCard } from './management.ts';

const DAY_MS = 24 * 3_600_000;

export function homePage(scene: Scene): Html {
  const { words } = scene;
  const body = html`<section class="hero">
      <p class="code">${words('bank.code')}</p>
      <h1>${words('home.heading')}</h1>
      <p class="tagline">${words('bank.tagline')}</p>
      <p>${words('home.lead')}</p>
      <p><a class="button large" href="${link(scene, '/login')}">${words('home.enter')}</a></p>
      <p class="faint">${words('bank.service')}</p>
    </section>
    <div class="columns">
      <section class="card"><h2>${words('home.how.heading')}</h2>
        <ol class="numbered">${[1, 2, 3].map((step) => html`<li>${words(`home.how.${step}`)}</li>`)}</ol></section>
      <section class="card"><h2>${words('home.safe.heading')}</h2><p>${words('home.safe.text')}</p></section>
      <section class="card"><h2>${words('home.help.heading')}</h2><p>${words('home.help.text')}</p>
        <p><a href="${link(scene, '/help')}">${words('trouble-help.title')}</a></p>
        <p class="telephone">${words('help.telephone')}<small>${words('help.hours')}</small></p></section>
    </div>`;
  return layout(scene, { title: words('home.title'), body });
}

/** The manual's three numbered notices and its closing words. */
function notices({ words }: Scene): Html {
  const notice = (number: number): Html => html`<li>
    <h3>${words(`notices.${number}.title`)}</h3>
    <p>${words(`notices.${number}.text.1`)}</p>
    <p>${words(`notices.${number}.text.2`)}</p>
  </li>`;
  return html`<section class="card notices" aria-labelledby="notices">
    <h2 id="notices">${words('notices.heading')}</h2>
    <ol class="numbered">${[1, 2, 3].map(notice)}</ol>
    <p>${words('notices.closing')}</p>
  </section>`;
}

function acquisition(scene: Scene): Html {
  const { words, caUrl } = scene;
  const [acquire, reacquire] = [link(scene, `${caUrl}/acquire`), link(scene, `${caUrl}/reacquire`)];
  return html`<section class="card" aria-labelledby="acquisition">
    <h2 id="acquisition">${words('login.acquire.heading')}</h2>
    <p>${words('login.acquire.lead.before')}<a href="${acquire}">${words('login.acquire.lead.link')}</a>${words('login.acquire.lead.after')}</p>
    <p><a class="button" id="acquire" href="${acquire}">${words('login.acquire.submit')}</a></p>
    <p>${words('login.reacquire.lead')}</p>
    <p><a class="button secondary" id="reacquire" href="${reacquire}">${words('login.reacquire.submit')}</a></p>
  </section>`;
}

export type LoginPage = Omit<IdentityForm, 'action' | 'submit'> & { readonly loggedOut: boolean };

export function loginPage(scene: Scene, page: LoginPage): Html {
  const { words } = scene;
  const form = { ...page, action: '/login', submit: words('login.password.submit') };
  const body = html`<p class="code">${words('bank.code')}</p>
    <h1>${words('login.title')}</h1>
    ${page.loggedOut && html`<p class="notice good" role="status">${words('account.loggedout')}</p>`}
    <div class="columns two">
      <section class="card" aria-labelledby="by-password">
        <h2 id="by-password">${words('login.password.heading')}</h2>
        <p>${words('login.password.lead')}</p>
        ${identityForm(scene, form)}
      </section>
      <div class="stack">
        <section class="card" aria-labelledby="by-certificate">
          <h2 id="by-certificate">${words('login.certificate.heading')}</h2>
          <p>${words('login.certificate.lead')}</p>
          <p><a class="button" id="certificate-login" href="${link(scene, '/certificate-login')}">${words('login.certificate.submit')}</a></p>
        </section>
        ${acquisition(scene)}
      </div>
    </div>
    ${notices(scene)}`;
  return layout(scene, { title: words('login.title'), body, scripts: ['software-keyboard'] });
}

function certificateLine({ words, language }: Scene, account: Account): string {
  const certificate = currentCertificate(account);
  if (!certificate) return words('account.certificate.none');
  const until = formatDate(language, certificate.notAfter);
  const days = Math.floor((certificate.notAfter - Date.now()) / DAY_MS);
  return words(days < 0 ? 'account.certificate.expired' : 'account.certificate.valid', { until, days });
}

export type AccountPage = {
  readonly account: Account;
  readonly csrf: string;
  readonly renewal: RenewalWindow;
  /** Whose certificates this account may have reissued and revoked. */
  readonly managed: readonly Account[];
  /** What has just been done. */
  readonly told: ManagementMemory['told'] | undefined;
};

export function accountPage(scene: Scene, { account, csrf, renewal, managed, told }: AccountPage): Html {
  const { words } = scene;
  const expired = (currentCertificate(account)?.notAfter ?? 0) < Date.now();
  const renewable = acquisitionRefusal(account, 'reenroll', renewal) === undefined;
  const removable = removableCertificate(account) !== undefined;
  const body = html`<div class="stack"><section class="card narrow">
    <h1>${words('account.title')}</h1>
    <p class="lead">${words('account.welcome', { display: account.display })}</p>
    ${told && html`<p class="notice good" role="status">${words(`manage.${told.act}.done`, { id: told.id })}</p>`}
    <dl class="facts">
      <div><dt>${words('field.id')}</dt><dd>${account.id}</dd></div>
      <div><dt>${words('account.role')}</dt><dd>${words(`account.role.${account.role}`)}</dd></div>
      <div><dt>${words('account.method')}</dt><dd>${words(`account.method.${account.method ?? 'password'}`)}</dd></div>
      <div><dt>${words('account.certificate')}</dt><dd>${certificateLine(scene, account)}</dd></div>
    </dl>
    ${account.certificates.length > 0 && html`<h2>${words('list.title')}</h2>${certificateList(scene, account)}`}
    <form method="post" action="/logout"><input type="hidden" name="csrf" value="${csrf}">
      <button class="button secondary" type="submit">${words('account.logout')}</button></form>
  </section>
  ${renewable && renewalCard(scene, account, expired)}
  ${removable && removalCard(scene, csrf)}
  ${managed.length > 0 && managementCard(scene, managed)}</div>`;
  return layout(scene, { title: words('account.title'), body, scripts: removable ? ['removal'] : [] });
}
