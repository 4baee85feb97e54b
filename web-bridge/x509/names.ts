/** Distinguished names (RFC 5280 §4.1.2.4): read, compared by the rules of §7.1, and shown as text. */
import { asDer, type CertificateDer, type NameDer } from '../asn1/der.ts';
import { children, expect, readOid, readTlv, sequence, TAG, type Tlv } from '../asn1/read.ts';
import { tbsCertificateOf } from './tbs-certificate.ts';

/** One attribute of a subject as an order writes it: short name and text. */
export type OrderedAttribute = readonly [string, string];
type Attribute = { readonly oid: string; readonly value: Tlv; readonly text: string | undefined };
/** The RDNs in the order of the encoding. An RDN is a set of attributes, nearly always of one. */
export type ParsedName = readonly (readonly Attribute[])[];

/** Short names of RFC 4519, and E of PKCS#9. DC, UID and E are in no order; other CAs put them into their names. */
export const ATTRIBUTE_OID: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  title: '2.5.4.12',
  GN: '2.5.4.42',
  organizationIdentifier: '2.5.4.97',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  E: '1.2.840.113549.1.9.1',
};
const SHORT_NAME = new Map(Object.entries(ATTRIBUTE_OID).map(([name, oid]) => [oid, name]));

/** How each ASN.1 string type is read. A value of any other type is compared octet by octet. */
const STRING: Readonly<Record<number, (value: Uint8Array) => string>> = {
  [TAG.utf8String]: (value) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value),
  0x12: latin1, // NumericString
  0x13: latin1, // PrintableString
  0x14: latin1, // TeletexString: read as Latin-1 by all that we know
  0x16: latin1, // IA5String
  0x1e: (value) => new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true }).decode(value), // BMPString
};

function latin1(value: Uint8Array): string {
  return Buffer.from(value).toString('latin1');
}

/** @throws SyntaxError */
export function parseName(name: NameDer): ParsedName {
  return sequence(readTlv(name)).map((rdn) => {
    const attributes = children(expect(rdn, TAG.set)).map(parseAttribute);
    if (attributes.length === 0) throw new SyntaxError('empty RDN');
    return attributes;
  });
}

function parseAttribute(tlv: Tlv): Attribute {
  const [type, value, ...rest] = sequence(tlv);
  if (!value || rest.length > 0) throw new SyntaxError('not an attribute');
  return { oid: readOid(type), value, text: textOf(value) };
}

/** `undefined` where the value is not a string. */
function textOf({ tag, value }: Tlv): string | undefined {
  try {
    return STRING[tag]?.(value);
  } catch (error) {
    throw new SyntaxError('not the text that its type says', { cause: error });
  }
}

/**
 * Text prepared for comparison (RFC 5280 §7.1, RFC 4518 §2). Compatibility characters become their plain form, case is
 * folded, blanks at the ends are dropped, and several blanks inside become one. Upper case first, then lower case: this
 * folds ß and the final sigma too.
 */
export function prepared(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim();
}

/** Two attributes with the same key are the same attribute. The string type does not matter, only the prepared text. */
function attributeKey({ oid, value, text }: Attribute): string {
  return text === undefined ? `${oid}#${Buffer.from(value.raw).toString('hex')}` : `${oid}=${prepared(text)}`;
}

function rdnKeys(name: ParsedName): string[] {
  return name.map((rdn) => rdn.map(attributeKey).sort().join('\0+'));
}

/** Whether two names have the same RDNs in the same order (RFC 5280 §7.1). */
export function sameName(one: NameDer, other: NameDer): boolean {
  return equal(rdnKeys(parseName(one)), rdnKeys(parseName(other)));
}

/** Whether `name` lies within the directory subtree that begins with `base` (§7.1; for name constraints). */
export function withinSubtree(name: NameDer, base: NameDer): boolean {
  const keys = rdnKeys(parseName(base));
  return equal(rdnKeys(parseName(name)).slice(0, keys.length), keys);
}

/** Whether a certificate's subject is the one ordered. `any`: the CA may change the order of the RDNs. */
export function isOrderedSubject(
  name: NameDer,
  ordered: readonly OrderedAttribute[],
  rdnOrder: 'as-ordered' | 'any',
): boolean {
  const wanted = ordered.map(([type, text]) => `${oidOf(type)}=${prepared(text)}`);
  const found = rdnKeys(parseName(name));
  return rdnOrder === 'as-ordered' ? equal(found, wanted) : equal(found.sort(), wanted.sort());
}

/** Whether two names have the same RDNs, in any order. */
export function sameRdns(one: NameDer, other: NameDer): boolean {
  return equal(rdnKeys(parseName(one)).sort(), rdnKeys(parseName(other)).sort());
}

/** @throws RangeError for a short name that no order may hold */
export function oidOf(type: string): string {
  const oid = Object.hasOwn(ATTRIBUTE_OID, type) ? ATTRIBUTE_OID[type] : undefined;
  if (oid === undefined) throw new RangeError('unknown attribute type');
  return oid;
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** A name as people read it: RDNs in the order of the encoding, escapes as in RFC 4514 §2.4, no control characters. */
export function displayName(name: NameDer): string {
  return parseName(name)
    .map((rdn) => rdn.map(displayAttribute).join('+'))
    .join(', ');
}

function displayAttribute({ oid, value, text }: Attribute): string {
  const whole = text ?? `#${Buffer.from(value.raw).toString('hex')}`;
  const shown = whole
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
    .replace(/[,+"\\<>;=]/g, String.raw`\$&`);
  return `${SHORT_NAME.get(oid) ?? oid}=${shown}`;
}

/** All texts of one attribute type. */
export function attributeTexts(name: NameDer, type: string): string[] {
  const oid = oidOf(type);
  return parseName(name)
    .flat()
    .filter((attribute) => attribute.oid === oid)
    .flatMap(({ text }) => text ?? []);
}

/**
 * The subject's Name of a certificate, byte for byte.
 * @throws SyntaxError
 */
export function nameDer(certificate: CertificateDer): NameDer {
  const { subject } = tbsCertificateOf(certificate);
  return asDer<NameDer>(Uint8Array.from(expect(subject, TAG.sequence).raw));
}
