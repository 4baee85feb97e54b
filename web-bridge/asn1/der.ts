/** Bytes wear their type: what a DER encoding holds is part of its TypeScript type, and nothing else is. */

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

/** Claims that the bytes are what the caller says. Only a parser's output and what a parser will check may claim so. */
export function asDer<D extends Der<string>>(bytes: Uint8Array): D {
  return bytes as D;
}
