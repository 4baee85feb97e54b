/** The little DER (ITU-T X.690) the host needs itself: to write a public key, and to look before it signs or stores. */

export const TAG = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  SEQUENCE: 0x30,
  CONTEXT_0: 0xa0,
} as const;

/** `whole` is tag, length and contents; all are views into what was read. */
export type Element = { readonly tag: number; readonly contents: Uint8Array; readonly whole: Uint8Array };

export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(contents.length), contents]);
}

/** X.690 §8.1.3, §10.1: the shortest form. */
function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets]);
}

/** A non-negative INTEGER of big-endian octets (X.690 §8.3). */
export function unsignedInteger(magnitude: Uint8Array): Buffer {
  const first = magnitude.findIndex((octet) => octet !== 0);
  const octets = first === -1 ? Uint8Array.of(0) : magnitude.subarray(first);
  const sign = (octets[0] ?? 0) & 0x80 ? [Uint8Array.of(0)] : [];
  return element(TAG.INTEGER, ...sign, octets);
}

/** All elements of `bytes`, which must end with the last of them; `undefined` if it is not DER that we can follow. */
export function readElements(bytes: Uint8Array): Element[] | undefined {
  const elements: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const next = readElement(rest);
    if (!next) return undefined;
    elements.push(next);
    rest = rest.subarray(next.whole.length);
  }
  return elements;
}

function readElement(bytes: Uint8Array): Element | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || octets > 4 || bytes.length < 2 + octets) return undefined;
  let length = octets === 0 ? first : 0;
  for (const octet of bytes.subarray(2, 2 + octets)) length = length * 256 + octet;
  const end = 2 + octets + length;
  if (end > bytes.length) return undefined;
  return { tag, contents: bytes.subarray(2 + octets, end), whole: bytes.subarray(0, end) };
}

/** The elements inside the one SEQUENCE that `bytes` is. */
export function readSequence(bytes: Uint8Array): Element[] | undefined {
  const elements = readElements(bytes);
  const [only] = elements ?? [];
  if (!only || elements?.length !== 1 || only.tag !== TAG.SEQUENCE) return undefined;
  return readElements(only.contents);
}
