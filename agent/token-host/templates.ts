/**
 * The attribute templates; only key type, CKA_ID, label and value vary. CKA_SENSITIVE and CKA_EXTRACTABLE are never left to a
 * default. Rare attributes (CKA_ALLOWED_MECHANISMS, CKA_COPYABLE, dates, CKA_LOCAL) are never sent, since tokens refuse them.
 */
import pkcs11js, { type Template } from 'pkcs11js';
import { objectIdentifier } from '../../web-bridge/asn1/write.ts';
import type { EcKeyType, RsaKeyType } from '../../web-bridge/x509/key-types.ts';

const RSA_F4 = Buffer.from('010001', 'hex');

export function publicKeyTemplate(row: RsaKeyType | EcKeyType, ckaId: Buffer, label: string): Template {
  return [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PUBLIC_KEY },
    { type: pkcs11js.CKA_KEY_TYPE, value: row.pkcs11.keyType },
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_PRIVATE, value: false },
    { type: pkcs11js.CKA_ID, value: ckaId },
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_VERIFY, value: true },
    ...(row.family === 'RSA'
      ? [
          { type: pkcs11js.CKA_MODULUS_BITS, value: row.bits },
          { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: RSA_F4 },
        ]
      : [{ type: pkcs11js.CKA_EC_PARAMS, value: objectIdentifier(row.curve.oid) }]),
  ];
}

export function privateKeyTemplate(row: RsaKeyType | EcKeyType, ckaId: Buffer, label: string): Template {
  return [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
    { type: pkcs11js.CKA_KEY_TYPE, value: row.pkcs11.keyType },
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_PRIVATE, value: true },
    { type: pkcs11js.CKA_SENSITIVE, value: true },
    { type: pkcs11js.CKA_EXTRACTABLE, value: false },
    { type: pkcs11js.CKA_ID, value: ckaId },
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_SIGN, value: true },
  ];
}

/** ykcs11 answers CKR_ATTRIBUTE_TYPE_INVALID to CKA_EXTRACTABLE in a template. The examination then reads it back. */
export function withoutExtractable(template: Template): Template {
  return template.filter(({ type }) => type !== pkcs11js.CKA_EXTRACTABLE);
}

/** A session object: the key with which an examination tries to wrap. */
export const WRAPPING_KEY_TEMPLATE: Template = [
  { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
  { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_AES },
  { type: pkcs11js.CKA_VALUE_LEN, value: 32 },
  { type: pkcs11js.CKA_TOKEN, value: false },
  { type: pkcs11js.CKA_WRAP, value: true },
];

export type CertificateNames = {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly serialNumber: Uint8Array;
};

export function certificateTemplate(value: Buffer, names: CertificateNames, ckaId: Buffer, label: string): Template {
  return [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_CERTIFICATE },
    { type: pkcs11js.CKA_CERTIFICATE_TYPE, value: pkcs11js.CKC_X_509 },
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_PRIVATE, value: false },
    { type: pkcs11js.CKA_ID, value: ckaId },
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_SUBJECT, value: Buffer.from(names.subject) },
    { type: pkcs11js.CKA_ISSUER, value: Buffer.from(names.issuer) },
    { type: pkcs11js.CKA_SERIAL_NUMBER, value: Buffer.from(names.serialNumber) },
    { type: pkcs11js.CKA_VALUE, value },
  ];
}
