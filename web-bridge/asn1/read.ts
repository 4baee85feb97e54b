/**
 * Reads DER (ITU-T X.690 §8, §10) strictly: the reader refuses what it does not understand, by a SyntaxError. The caller
 * knows where the bytes came from and translates the error. There is no dependency, so a program can look at a certificate
 * without loading an X.509 library.
 */

/** BER allows an indefinite length (§8.1.3.6). Some CAs use it around a PKCS#7; the certificates inside are DER. */
export type Rules = 'DER' | 'BER';

/** One element: `tag` is its identifier octet, `value` its contents, `raw` the whole element. */
export type Tlv = { readonly tag: number; readonly value: Uint8Array; readonly raw: Uint8Array };

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const;

const MAX_DEPTH = 16;
const MAX_ELEMENTS = 1024;

/** Reads bytes that are one element and nothing after it. */
export function readTlv(bytes: Uint8Array, rules: Rules = 'DER'): Tlv {
  const tlv = elementAt(bytes, 0, rules, 0);
  if (tlv.raw.length !== bytes.length) throw new SyntaxError('bytes after the element');
  return tlv;
}

/** The elements inside a constructed one. */
export function children(tlv: Tlv, rules: Rules = 'DER'): Tlv[] {
  if ((tlv.tag & 0x20) === 0) throw new SyntaxError('not a constructed element');
  const found: Tlv[] = [];
  for (let offset = 0; offset < tlv.value.length; offset += found.at(-1)?.raw.length ?? 0) {
    if (found.length === MAX_ELEMENTS) throw new SyntaxError('too many elements');
    found.push(elementAt(tlv.value, offset, rules, 0));
  }
  return found;
}

/** The elements inside a SEQUENCE. */
export function sequence(tlv: Tlv | undefined, rules: Rules = 'DER'): Tlv[] {
  return children(expect(tlv, TAG.sequence), rules);
}

export function expect(tlv: Tlv | undefined, tag: number): Tlv {
  if (tlv?.tag !== tag) throw new SyntaxError(`tag ${tlv?.tag ?? 'none'} instead of ${tag}`);
  return tlv;
}

function elementAt(bytes: Uint8Array, offset: number, rules: Rules, depth: number): Tlv {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new SyntaxError('element cut short');
  if ((tag & 0x1f) === 0x1f) throw new SyntaxError('tag number above 30');
  if (depth > MAX_DEPTH) throw new SyntaxError('nested too deep');
  if (first === 0x80) return indefiniteAt(bytes, offset, tag, rules, depth);
  const { length, start } = lengthAt(bytes, offset + 1, first, rules);
  if (start + length > bytes.length) throw new SyntaxError('element cut short');
  return { tag, value: bytes.subarray(start, start + length), raw: bytes.subarray(offset, start + length) };
}

function lengthAt(bytes: Uint8Array, at: number, first: number, rules: Rules): { length: number; start: number } {
  if (first < 0x80) return { length: first, start: at + 1 };
  const count = first & 0x7f;
  if (count > 4 || at + count >= bytes.length) throw new SyntaxError('length cut short or too long');
  const length = bytes.subarray(at + 1, at + 1 + count).reduce((sum, octet) => sum * 256 + octet, 0);
  // §10.1: the shortest form, in DER.
  if (rules === 'DER' && (length < 0x80 || length < 256 ** (count - 1))) throw new SyntaxError('length not minimal');
  return { length, start: at + 1 + count };
}

/** §8.1.5: contents until end-of-contents, two zero octets. */
function indefiniteAt(bytes: Uint8Array, offset: number, tag: number, rules: Rules, depth: number): Tlv {
  if (rules === 'DER' || (tag & 0x20) === 0) throw new SyntaxError('indefinite length');
  let at = offset + 2;
  while (bytes[at] !== 0 || bytes[at + 1] !== 0) at += elementAt(bytes, at, rules, depth + 1).raw.length;
  return { tag, value: bytes.subarray(offset + 2, at), raw: bytes.subarray(offset, at + 2) };
}

/** OBJECT IDENTIFIER in dotted form (§8.19). */
export function readOid(tlv: Tlv | undefined): string {
  const { value } = expect(tlv, TAG.oid);
  const last = value.at(-1);
  if (last === undefined || last >= 0x80) throw new SyntaxError('object identifier cut short');
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const octet of value) {
    if (fresh && octet === 0x80) throw new SyntaxError('object identifier not minimal');
    arc = arc * 128 + (octet & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new SyntaxError('object identifier too long');
    fresh = octet < 0x80;
    if (!fresh) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head = 0, ...tail] = arcs;
  const root = Math.min(Math.floor(head / 40), 2);
  return [root, head - root * 40, ...tail].join('.');
}

/** The octets of a non-negative INTEGER (§8.3), without the octet that only keeps it positive. */
export function readUnsigned(tlv: Tlv | undefined): Uint8Array {
  const { value } = expect(tlv, TAG.integer);
  const [first, second] = value;
  if (first === undefined || first >= 0x80) throw new SyntaxError('integer empty or negative');
  if (first !== 0 || second === undefined) return value;
  if (second < 0x80) throw new SyntaxError('integer not minimal');
  return value.subarray(1);
}

/** An INTEGER of at most 32 bits: a size, a version, a path length. */
export function readCount(tlv: Tlv | undefined): number {
  const octets = readUnsigned(tlv);
  if (octets.length > 4) throw new SyntaxError('integer too large');
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** A BOOLEAN (§11.1: in DER, true is ff). */
export function readBoolean(tlv: Tlv | undefined): boolean {
  const { value } = expect(tlv, TAG.boolean);
  if (value.length !== 1 || (value[0] !== 0 && value[0] !== 0xff)) throw new SyntaxError('not a DER boolean');
  return value[0] === 0xff;
}

/** A BIT STRING: its octets, and how many bits of the last octet are unused. */
export function readBits(tlv: Tlv | undefined): { readonly unused: number; readonly octets: Uint8Array } {
  const { value } = expect(tlv, TAG.bitString);
  const unused = value[0];
  if (unused === undefined || unused > 7 || (unused > 0 && value.length === 1)) throw new SyntaxError('bad bit string');
  return { unused, octets: value.subarray(1) };
}

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** A time as RFC 5280 §4.1.2.5 allows it: to the second, in GMT. The two digits of UTCTime mean 1950 to 2049. */
export function readTime(tlv: Tlv | undefined): Date {
  const text = Buffer.from(tlv?.value ?? []).toString('latin1');
  const form = tlv?.tag === GENERALIZED_TIME ? /^\d{14}Z$/ : /^\d{12}Z$/;
  if ((tlv?.tag !== UTC_TIME && tlv?.tag !== GENERALIZED_TIME) || !form.test(text)) throw new SyntaxError('bad time');
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const full = tlv.tag === UTC_TIME ? century + text : text;
  const iso = full.replace(/^(.{4})(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6.000Z');
  const time = new Date(iso);
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw new SyntaxError('no such time');
  return time;
}
