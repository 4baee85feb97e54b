/** A certificate taken apart into the fields of its TBSCertificate (RFC 5280 §4.1). The fields are not read further here. */
import { readTlv, sequence, type Tlv } from '../asn1/read.ts';

/** A field that is missing is `undefined`: whoever reads it refuses it. */
export type TbsCertificate = {
  /** Absent in version 1. */
  readonly version: Tlv | undefined;
  readonly serialNumber: Tlv | undefined;
  readonly signature: Tlv | undefined;
  readonly issuer: Tlv | undefined;
  readonly validity: Tlv | undefined;
  readonly subject: Tlv | undefined;
  readonly subjectPublicKeyInfo: Tlv | undefined;
  /** The unique identifiers and the extensions, as far as they are there. */
  readonly optional: readonly Tlv[];
};

const VERSION = 0xa0;

/** @throws SyntaxError */
export function tbsCertificateOf(certificate: Uint8Array): TbsCertificate {
  return readTbsCertificate(sequence(readTlv(certificate))[0]);
}

/** @throws SyntaxError */
export function readTbsCertificate(tbs: Tlv | undefined): TbsCertificate {
  const fields = sequence(tbs);
  const version = fields[0]?.tag === VERSION ? fields.shift() : undefined;
  const [serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ...optional] = fields;
  return { version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, optional };
}
