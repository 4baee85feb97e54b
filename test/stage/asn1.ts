/** Encodings for tests, written independently of the agent's reader. */
import { X509Certificate } from 'node:crypto';

/** A certs-only PKCS#7 (RFC 5652 §5.1) by openssl's rules: version 1, no content, no signers. */
export function certsOnly(certificates: readonly Uint8Array[], crls: readonly Uint8Array[] = []): Uint8Array {
  const data = tlv(0x30, oid('2a864886f70d010701'));
  const lists = [tlv(0xa0, ...certificates), ...(crls.length > 0 ? [tlv(0xa1, ...crls)] : [])];
  const signedData = tlv(0x30, Buffer.from('020101', 'hex'), tlv(0x31), data, ...lists, tlv(0x31));
  return new Uint8Array(tlv(0x30, oid('2a864886f70d010702'), tlv(0xa0, signedData)));
}

/** One DER element (ITU-T X.690 §8.1). */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(contents);
  if (value.length < 0x80) return Buffer.concat([Buffer.from([tag, value.length]), value]);
  const hex = value.length.toString(16);
  const length = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, value]);
}

export function oid(contentsHex: string): Buffer {
  return tlv(0x06, Buffer.from(contentsHex, 'hex'));
}

export function pemOf(certificate: Uint8Array): string {
  return new X509Certificate(certificate).toString();
}

export function armour(label: string, der: Uint8Array, newline = '\n'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join(newline);
}
