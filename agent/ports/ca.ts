/** The certification authority, as the use cases need it. The room `agent/ca` fills this in, one file a protocol. */
import type { CertificateDer, CsrDer } from '../../web-bridge/asn1/der.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { AuthorizationShape, Plan } from './plan.ts';

/** What the CA demands of a request. Asked before a key is made (RFC 7030 §2.6). */
export type RequestDemands = {
  /** Key types that the CA takes; `undefined`: it does not say. */
  readonly keys: readonly KeyType[] | undefined;
};

export type Authorization = AuthorizationShape & { readonly secret: string };

export type CaAnswer =
  | { readonly kind: 'issued'; readonly certificates: readonly CertificateDer[]; readonly date: Date | undefined }
  /** `retryAfterMs` as the server said it, unclamped; `undefined` where it did not (RFC 7030 §4.2.3). */
  | { readonly kind: 'pending'; readonly retryAfterMs: number | undefined };

/** A CA, whatever protocol it speaks. Every method may throw AgentError ERR_CA_UNREACHABLE, ERR_CA_TLS_UNTRUSTED, ERR_CA_*. */
export interface CertificationAuthority {
  /** EST: csrattrs (RFC 7030 §4.5). */
  demands(signal: AbortSignal): Promise<RequestDemands>;
  /** The CA's own certificates: a source of intermediates, never of trust. EST: cacerts (RFC 7030 §4.1). */
  certificates(signal: AbortSignal): Promise<CertificateDer[]>;
  /**
   * Asks for a certificate. EST: simpleenroll (RFC 7030 §4.2).
   * @throws AgentError ERR_CA_UNREACHABLE: not a byte of the request went out, to send again is safe; ERR_CA_ANSWER_LOST:
   * the request may have arrived and a certificate may exist; ERR_CA_REFUSED, ERR_CA_AUTHORIZATION_REFUSED … : it answered.
   */
  request(csr: CsrDer, authorization: Authorization, signal: AbortSignal): Promise<CaAnswer>;
  /** The CA's clock; `undefined` where it does not tell the time. Needs no authorization. */
  clock(signal: AbortSignal): Promise<Date | undefined>;
}

/** @param timeoutMs of one exchange, from connecting to the last byte */
export type ConnectCa = (service: Plan['service'], timeoutMs: number) => CertificationAuthority;
