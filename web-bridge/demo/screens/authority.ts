/** The CA's screens before the agent comes in: who are you, and why not. */
import { type Account, currentCertificate } from '../accounts.ts';
import { type Html, html } from '../html.ts';
import type { AcquisitionPurpose, AcquisitionRefusal, RenewalWindow } from '../ra.ts';
import { formatDate } from '../words.ts';
import { type IdentityForm, identityForm } from './identity-form.ts';
import { layout, link, type Scene } from './layout.ts';

/** Beginnings of the word keys, and paths, by purpose. */
export const SCREEN_OF = { enroll: 'acquire', reenroll: 'reacquire' } as const;

const STEPS = ['identity', 'preparing', 'start', 'issuing', 'done'] as const;
export type Step = (typeof STEPS)[number];

export function steps({ words }: Scene, current: Step): Html {
  const step = (name: Step): Html =>
    html`<li data-step="${name}"${name === current && html` aria-current="step"`}>${words(`steps.${name}`)}</li>`;
  return html`<nav class="steps" aria-label="${words('steps.label')}"><ol>${STEPS.map(step)}</ol></nav>`;
}

export function identityPage(
  scene: Scene,
  purpose: AcquisitionPurpose,
  form: Omit<IdentityForm, 'action' | 'submit'>,
): Html {
  const { words } = scene;
  const screen = SCREEN_OF[purpose];
  const body = html`${steps(scene, 'identity')}
    <section class="card narrow">
      <h1>${words(`${screen}.title`)}</h1>
      <p>${words(`${screen}.lead`)}</p>
      <p>${words(`${screen}.instruction`)}</p>
      ${identityForm(scene, { ...form, action: `/${screen}`, submit: words(`${screen}.submit`) })}
    </section>`;
  return layout(scene, { title: words(`${screen}.title`), body, scripts: ['software-keyboard'] });
}

/** What a refusal says, here and in the answer to the page's script. */
export function refusalWords(
  { words, language }: Pick<Scene, 'words' | 'language'>,
  account: Account,
  refusal: AcquisitionRefusal,
  renewal: RenewalWindow,
): { what: string; remedy: string } {
  const notAfter = currentCertificate(account)?.notAfter;
  const until = notAfter === undefined ? '' : formatDate(language, notAfter);
  const fill = { until, opens: renewal.opensDaysBefore, closes: renewal.closesDaysAfter };
  return { what: words(`refused.${refusal}.what`, fill), remedy: words(`refused.${refusal}.remedy`, fill) };
}

export function refusedPage(
  scene: Scene,
  { what, remedy }: { what: string; remedy: string },
  resumable: boolean,
): Html {
  const { words } = scene;
  const body = html`${steps(scene, 'identity')}
    <section class="card narrow">
      <h1>${words('refused.title')}</h1>
      <div class="notice bad" role="alert"><p>${what}</p><p>${remedy}</p></div>
      <p><a class="button" href="${link(scene, `${scene.siteUrl}/login`)}">${words('back.login')}</a></p>
      ${
        resumable &&
        html`<p>${words('refused.resume')}</p>
          <p><a class="button secondary" href="${link(scene, '/acquisition')}">${words('refused.resume.button')}</a></p>`
      }
    </section>`;
  return layout(scene, { title: words('refused.title'), body });
}
