/** The certification authority (CA), as an enrollment needs it. `agent/ca` implements it, one file for each protocol. */
import type { CertificateDer, CsrDer } from '../../web-bridge/asn1/der.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { AuthorizationShape, Plan } from './plan.ts';

/** What the CA demands of a request. The agent asks for it before a key is made (RFC 7030 §2.6). */
export type RequestDemands = {
  /** Key types that the CA accepts; `undefined`: the CA does not say. */
  readonly keys: readonly KeyType[] | undefined;
};

export type Authorization = AuthorizationShape & { readonly secret: string };

export type CaAnswer =
  | { readonly kind: 'issued'; readonly certificates: readonly CertificateDer[]; readonly date: Date | undefined }
  /** `retryAfterMs` is the server's own value, without limits; `undefined`: the server named none (RFC 7030 §4.2.3). */
  | { readonly kind: 'pending'; readonly retryAfterMs: number | undefined };

/** A CA of any protocol. Every method may throw AgentError ERR_CA_UNREACHABLE, ERR_CA_TLS_UNTRUSTED, ERR_CA_*. */
export interface CertificationAuthority {
  /** EST: csrattrs (RFC 7030 §4.5). */
  demands(signal: AbortSignal): Promise<RequestDemands>;
  /** The CA's own certificates. They complete a chain and are never trust anchors. EST: cacerts (RFC 7030 §4.1). */
  certificates(signal: AbortSignal): Promise<CertificateDer[]>;
  /**
   * Asks for a certificate. EST: simpleenroll (RFC 7030 §4.2).
   * @throws AgentError ERR_CA_UNREACHABLE: no byte of the request was sent, so that it is safe to send it again.
   * ERR_CA_ANSWER_LOST: the request may have arrived, and a certificate may exist.
   * ERR_CA_REFUSED, ERR_CA_AUTHORIZATION_REFUSED and others: the CA answered, and refused.
   */
  request(csr: CsrDer, authorization: Authorization, signal: AbortSignal): Promise<CaAnswer>;
  /** The time by the CA's clock; `undefined`: the CA does not send it. Needs no authorization. */
  clock(signal: AbortSignal): Promise<Date | undefined>;
}

/** @param timeoutMs time limit of one exchange, from connecting to the last byte */
export type ConnectCa = (service: Plan['service'], timeoutMs: number) => CertificationAuthority;
