/**
 * The CA's own certificates, which complete the chain of the issued one. They are fetched while the token signs, so that they
 * are there before the answer.
 */
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';

export class CaCertificates {
  readonly #fetch: () => Promise<CertificateDer[]>;
  #asked: Promise<void> | undefined;
  #known: CertificateDer[] | undefined;

  constructor(fetch: () => Promise<CertificateDer[]>) {
    this.#fetch = fetch;
  }

  /** What has come so far. */
  get known(): CertificateDer[] {
    return this.#known ?? [];
  }

  /** Asks where nothing has come yet; resolves when the CA answered or failed, which is no error. */
  async ask(): Promise<void> {
    if (this.#known) return;
    this.#asked ??= this.#load();
    await this.#asked;
  }

  async #load(): Promise<void> {
    try {
      this.#known = await this.#fetch();
    } catch {
      // A later question may be answered.
    } finally {
      this.#asked = undefined;
    }
  }
}
