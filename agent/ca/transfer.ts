/** How EST carries DER (RFC 8951 §3): base64 with or without line ends; servers also send PEM and bare DER. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';

const SEQUENCE = 0x30;
const ARMOUR = /^\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\s([\s\S]*?)-----END \1-----\s*$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The DER inside of an answer. Bare DER begins with a SEQUENCE; no base64 of one does, since "0" would be its first
 * character only after a first octet of 0xd0.
 * @throws AgentError ERR_CA_ANSWER_INVALID
 */
export function decodeTransfer(body: Uint8Array): Uint8Array {
  if (body[0] === SEQUENCE) return body;
  const text = Buffer.from(body).toString('latin1');
  // One server's PEM repeats blanks inside; @peculiar/x509 throws on CRLF: all white space goes.
  const base64 = (ARMOUR.exec(text)?.[2] ?? text).replace(/\s+/g, '');
  if (!BASE64.test(base64) || base64.length % 4 !== 0) {
    throw new AgentError('ERR_CA_ANSWER_INVALID', { reason: 'not base64' });
  }
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/** For what we send: one server refuses a single line, another the missing end of the last (RFC 2045 §6.8 allows 76). */
export function encodeTransfer(der: Uint8Array): Uint8Array {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}
