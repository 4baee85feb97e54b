/** 電子証明書の一覧, and what an administrator or the bank's staff does with others' certificates. */
import { type Account, currentCertificate, type IssuedCertificate } from '../accounts.ts';
import { type Html, html } from '../html.ts';
import { type ManagementAct, possibleActions } from '../management.ts';
import { formatDate } from '../words.ts';
import { layout, link, type Scene } from './layout.ts';

export type CertificateState = 'valid' | 'expired' | 'revoked';

export function stateOf({ revoked, notAfter }: IssuedCertificate): CertificateState {
  return revoked ? 'revoked' : notAfter < Date.now() ? 'expired' : 'valid';
}

function row({ words, language }: Scene, certificate: IssuedCertificate): Html {
  return html`<li><span class="serial">${certificate.serialNumber}</span>
    <span>${words('list.until', { until: formatDate(language, certificate.notAfter) })}</span>
    <strong>${words(`list.state.${stateOf(certificate)}`)}</strong></li>`;
}

/** Newest first. */
export function certificateList(scene: Scene, { certificates }: Account): Html {
  if (certificates.length === 0) return html`<p>${scene.words('account.certificate.none')}</p>`;
  return html`<ul class="certificates">${certificates.toReversed().map((one) => row(scene, one))}</ul>`;
}

function managed(scene: Scene, account: Account): Html {
  const { words } = scene;
  const acts = possibleActions(account).map(
    (act) =>
      html`<a class="button secondary" href="${link(scene, `/certificates/${act}?id=${account.id}`)}">${words(`manage.${act}`)}<span class="unseen">（${account.display}）</span></a>`,
  );
  const closed = account.closed && html`<p>${words('manage.closed')}</p>`;
  return html`<li><h3>${account.display}（${account.id}）</h3>${certificateList(scene, account)}${closed}<div class="row">${acts}</div></li>`;
}

export function managementCard(scene: Scene, accounts: readonly Account[]): Html {
  const { words } = scene;
  return html`<section class="card narrow" aria-labelledby="title-manage">
    <h2 id="title-manage">${words('manage.title')}</h2>
    <p>${words('manage.lead')}</p>
    <ul class="managed">${accounts.map((account) => managed(scene, account))}</ul>
  </section>`;
}

export function confirmationPage(scene: Scene, account: Account, act: ManagementAct, csrf: string): Html {
  const { words } = scene;
  const current = currentCertificate(account);
  const body = html`<section class="card narrow">
    <h1>${words(`manage.${act}.title`)}</h1>
    <dl class="facts">
      <div><dt>${words('start.account')}</dt><dd>${account.display}（${words('field.id')} ${account.id}）</dd></div>
      ${current && html`<div><dt>${words('done.serial')}</dt><dd>${current.serialNumber}</dd></div>`}
    </dl>
    <p class="notice">${words(`manage.${act}.meaning`)}</p>
    <form method="post" action="/certificates/${act}" class="row"><input type="hidden" name="csrf" value="${csrf}">
      <input type="hidden" name="id" value="${account.id}">
      <button class="button" type="submit">${words(`manage.${act}.submit`)}</button>
      <a class="button secondary" href="${link(scene, '/account')}">${words('cancel.button')}</a></form>
  </section>`;
  return layout(scene, { title: words(`manage.${act}.title`), body });
}
