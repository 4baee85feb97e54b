/** Types that say which ASN.1 type a DER encoding holds. */

declare const content: unique symbol;

/** A DER encoding (ITU-T X.690) of the named ASN.1 type. */
export type Der<Content extends string> = Uint8Array & { readonly [content]: Content };

/** RFC 2986 §4.2. */
export type CsrDer = Der<'CertificationRequest'>;
/** RFC 2986 §4.1: what a CSR's signature covers. */
export type CsrInfoDer = Der<'CertificationRequestInfo'>;
/** RFC 5280 §4.1. */
export type CertificateDer = Der<'Certificate'>;
/** RFC 5280 §4.1.2.7. */
export type SpkiDer = Der<'SubjectPublicKeyInfo'>;
/** RFC 5280 §4.1.2.4. */
export type NameDer = Der<'Name'>;

/** Gives bytes such a type, unchecked. Only for what a parser has read, or will read before anybody relies on it. */
export function asDer<D extends Der<string>>(bytes: Uint8Array): D {
  return bytes as D;
}
