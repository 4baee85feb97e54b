/** Writes DER (ITU-T X.690 §8, §10): the counterpart of `read.ts`. */
import { TAG } from './read.ts';

/** One element: identifier octet, length octets, and the parts as its contents. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOctets(contents.length), contents]);
}

/** §8.1.3, §10.1: the shortest form. */
function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(0x80 | octets.length), octets]);
}

/** A non-negative INTEGER from big-endian octets (§8.3); leading zeros are dropped. */
export function unsignedInteger(magnitude: Uint8Array): Buffer {
  const first = magnitude.findIndex((octet) => octet !== 0);
  const octets = first === -1 ? Uint8Array.of(0) : magnitude.subarray(first);
  // Two's complement: a first octet of 80 or more would make the number negative.
  const sign = (octets[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : [];
  return element(TAG.integer, ...sign, octets);
}

/** A BIT STRING of whole octets (§8.6). */
export function bitString(octets: Uint8Array): Buffer {
  const unusedBits = Uint8Array.of(0);
  return element(TAG.bitString, unusedBits, octets);
}

/** An OBJECT IDENTIFIER from its dotted form (§8.19). */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  // §8.19.4: the first two components share one subidentifier.
  const subidentifiers = [first * 40 + second, ...rest];
  return element(TAG.oid, Uint8Array.from(subidentifiers.flatMap(base128)));
}

/** §8.19.2: seven bits an octet, and bit 8 set in all but the last. */
function base128(subidentifier: number): number[] {
  const octets = [subidentifier % 128];
  for (let rest = Math.floor(subidentifier / 128); rest > 0; rest = Math.floor(rest / 128))
    octets.unshift(0x80 | (rest % 128));
  return octets;
}
