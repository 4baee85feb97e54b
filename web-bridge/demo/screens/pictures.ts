/** What the customer is going to see, drawn: the browser's question, and the window of the agent that waits. */
import { dialogTitle } from '../../sdk/dialogs.ts';
import { type Html, html } from '../html.ts';
import type { Scene } from './layout.ts';

/** What the browser's question looks like; the script shows it only where the question will come. */
export const picture = ({ words }: Scene): Html =>
  html`<figure class="question" aria-label="${words('preparing.picture.title')}">
    <figcaption>${words('preparing.picture.title')}</figcaption>
    <p>${words('preparing.picture.text')}</p>
    <p class="answers"><span>${words('preparing.picture.block')}</span><span class="wanted">${words('preparing.picture.allow')}</span></p>
  </figure>`;

/** The script sets the title where another dialog waits. */
export const dialogPicture = ({ words, language }: Scene): Html =>
  html`<figure class="question" aria-label="${words('dialog.picture')}"><figcaption>${words('dialog.picture')}</figcaption>
    <p><strong data-fill="dialog-title">${dialogTitle('accepted', language)}</strong></p>
    <p class="answers"><span>${words('cancel.button')}</span><span class="wanted">…</span></p></figure>`;
