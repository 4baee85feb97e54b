/** The element `<inkan-enrollment>`: one acquisition, from the browser's question to the certificate on the token. */
import { type Language, languageOf } from '../../protocol/languages.ts';
import type { EnrollmentResult, EnrollmentStatus } from '../../protocol/methods.ts';
import type { BridgeState } from '../bridge-state.ts';
import { cancel, type EnrollOptions, enroll, reenroll, resume } from '../enroll.ts';
import { InkanError } from '../failure.ts';
import type { BankHelp } from '../help.ts';
import { whenGranted } from '../permission.ts';
import { readiness } from '../reach.ts';
import { make } from './pictures.ts';
import { elementSheet } from './style.ts';
import {
  bridgeView,
  completedView,
  type Does,
  failureView,
  nodesOf,
  progressView,
  type View,
  workingView,
} from './view.ts';

export type EnrollmentEvents = {
  'inkan-progress': CustomEvent<EnrollmentStatus>;
  'inkan-completed': CustomEvent<EnrollmentResult>;
  'inkan-failed': CustomEvent<unknown>;
};

export class InkanEnrollmentElement extends HTMLElement {
  /** Fetches the order from the bank's own server. Called when the customer clicks, so that the order has just been made. */
  order: ((signal: AbortSignal) => Promise<string>) | undefined;
  /** For tests. */
  ports: readonly number[] | undefined;
  #listening = new AbortController();
  #last: EnrollmentStatus | undefined;
  readonly #what = make('p', 'what');
  readonly #remedy = make('p', 'remedy');
  readonly #words = make('div', '', this.#what, this.#remedy);
  readonly #rest = make('div', '');

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [elementSheet()];
    this.#words.setAttribute('role', 'status');
    this.#what.tabIndex = -1;
    root.append(this.#words, this.#rest);
  }

  connectedCallback(): void {
    void this.#prepare();
  }

  /** Ends only this page's listening. The agent goes on. */
  disconnectedCallback(): void {
    this.#listening.abort();
  }

  get #language(): Language {
    return languageOf(this.closest('[lang]')?.getAttribute('lang'));
  }

  get #bank(): Partial<BankHelp> {
    const names = ['reason', 'telephone', 'download'] as const;
    return Object.fromEntries(names.map((name) => [name, this.getAttribute(name) ?? '']));
  }

  #show(view: View): void {
    const language = this.#language;
    const focused = this.shadowRoot?.activeElement;
    this.#what.textContent = view.what;
    this.#remedy.textContent = view.remedy ?? '';
    this.#words.className = view.bad ? 'bad' : '';
    this.#rest.replaceChildren(...nodesOf(view, language, (does) => void this.#act(does)));
    // The button that had the focus is gone. The focus moves here, so that the keyboard user stays in the element.
    if (focused) this.#what.focus();
  }

  #tell<K extends keyof EnrollmentEvents>(name: K, detail: EnrollmentEvents[K]['detail']): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  async #prepare(): Promise<void> {
    const state = await readiness();
    if (!this.isConnected) return;
    this.#show(bridgeView(state, this.#bank, this.#language));
    if (state === 'ready') await this.#run((signal) => resume(this.#options(signal)));
    if (state === 'denied') await this.#whenAllowed();
  }

  #options(signal: AbortSignal): EnrollOptions {
    return {
      signal,
      ...(this.ports && { ports: this.ports }),
      onState: (state) => this.#showWay(state),
      onProgress: (status) => {
        this.#last = status;
        this.#show(progressView(status, this.#language));
        this.#tell('inkan-progress', status);
      },
    };
  }

  /** After a reconnection, shows again what was shown before, because each state is reported once. */
  #showWay(state: BridgeState): void {
    if (state !== 'ready') this.#show(bridgeView(state, this.#bank, this.#language));
    else this.#show(this.#last ? progressView(this.#last, this.#language) : workingView(this.#language));
  }

  async #run(work: (signal: AbortSignal) => Promise<EnrollmentResult | null>): Promise<void> {
    this.#listening.abort();
    const { signal } = (this.#listening = new AbortController());
    try {
      const result = await work(signal);
      if (!result) return;
      this.#show(completedView(this.#language));
      this.#tell('inkan-completed', result);
    } catch (error) {
      if (signal.aborted) return;
      this.#show(failureView(error, this.#bank, this.#language));
      this.#tell('inkan-failed', error);
      if (error instanceof InkanError && error.code === 'ERR_SDK_DENIED') await this.#whenAllowed();
    }
  }

  /** When the customer has changed the browser's setting, goes on without a reload. */
  async #whenAllowed(): Promise<void> {
    const { signal } = this.#listening;
    await whenGranted(signal).catch(() => {});
    if (!signal.aborted) await this.#prepare();
  }

  async #act(does: Does): Promise<void> {
    if (does === 'cancel') return this.#cancel();
    this.#last = undefined;
    this.#show(workingView(this.#language));
    return this.#run(async (signal) => {
      const options = this.#options(signal);
      const known = await resume(options);
      if (known) return known;
      const order = await this.order?.(signal);
      if (!order) throw new TypeError('<inkan-enrollment> was given no order');
      return (this.getAttribute('purpose') === 'reenroll' ? reenroll : enroll)(order, options);
    });
  }

  /** Asks the agent to stop. The enrollment then ends as `abandoned`, and `#run` shows that. */
  async #cancel(): Promise<void> {
    if (!this.#last) return;
    await cancel(this.#last.enrollment, this.ports ? { ports: this.ports } : {}).catch((error: unknown) =>
      this.#show(failureView(error, this.#bank, this.#language)),
    );
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'inkan-enrollment': InkanEnrollmentElement;
  }
  interface HTMLElementEventMap extends EnrollmentEvents {}
}
