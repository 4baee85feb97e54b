/**
 * The CA's own certificates. They complete the chain of the issued certificate. The agent asks for them while the token signs
 * the request, so that the enrollment need not wait for them later.
 */
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';

export class CaCertificates {
  readonly #fetch: () => Promise<CertificateDer[]>;
  #asked: Promise<void> | undefined;
  #known: CertificateDer[] | undefined;

  constructor(fetch: () => Promise<CertificateDer[]>) {
    this.#fetch = fetch;
  }

  /** Empty until the CA has answered. */
  get known(): CertificateDer[] {
    return this.#known ?? [];
  }

  /** Asks the CA unless it has answered. Resolves when it answers or fails; a failure is not an error here. */
  async ask(): Promise<void> {
    if (this.#known) return;
    this.#asked ??= this.#load();
    await this.#asked;
  }

  async #load(): Promise<void> {
    try {
      this.#known = await this.#fetch();
    } catch {
      // The next call asks again.
    } finally {
      this.#asked = undefined;
    }
  }
}
