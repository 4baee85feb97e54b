/** The transfer encoding of EST (RFC 8951 §3): base64 with or without line breaks. Some servers send PEM or bare DER instead. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';

const SEQUENCE = 0x30;
const ARMOUR = /^\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\s([\s\S]*?)-----END \1-----\s*$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The DER in an answer. Bare DER begins with the tag of a SEQUENCE, 0x30, which is the character "0". The base64 of a SEQUENCE
 * never begins with "0": it begins with "M".
 * @throws AgentError ERR_CA_ANSWER_INVALID
 */
export function decodeTransfer(body: Uint8Array): Uint8Array {
  if (body[0] === SEQUENCE) return body;
  const text = Buffer.from(body).toString('latin1');
  // One server's PEM has blanks in it, others use CRLF. So all white space is removed.
  const base64 = (ARMOUR.exec(text)?.[2] ?? text).replace(/\s+/g, '');
  if (!BASE64.test(base64) || base64.length % 4 !== 0) {
    throw new AgentError('ERR_CA_ANSWER_INVALID', { reason: 'not base64' });
  }
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/**
 * Base64 for a request, in lines of 64 characters (RFC 2045 §6.8 allows 76), each with a line feed. One server refuses a single
 * line, and another a last line without a line feed.
 */
export function encodeTransfer(der: Uint8Array): Uint8Array {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}
