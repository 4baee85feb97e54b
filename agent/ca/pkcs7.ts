/** The certs-only Simple PKI Response (RFC 5272 §4.1, RFC 7030 §4.1.3): a SignedData without content and signers. */

import { asDer, type CertificateDer } from '../../web-bridge/asn1/der.ts';
import { children, expect, readOid, readTlv, sequence, TAG, type Tlv } from '../../web-bridge/asn1/read.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { decodeTransfer } from './transfer.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2'; // RFC 5652 §5.1
const EXPLICIT_CONTENT = 0xa0;
const CERTIFICATES = 0xa0;
const MAX_CERTIFICATES = 16;

/**
 * The certificates of an answer, in its order and without duplicates. They are neither parsed nor checked here.
 * @throws AgentError ERR_CA_ANSWER_INVALID
 */
export function certificatesOf(body: Uint8Array): CertificateDer[] {
  const der = decodeTransfer(body);
  try {
    return distinct(certificateSet(der));
  } catch (error) {
    throw new AgentError('ERR_CA_ANSWER_INVALID', { reason: 'not a certs-only PKCS#7' }, error);
  }
}

/** The SignedData may be BER, because Bouncy Castle writes indefinite lengths. The certificates in it are DER. */
function certificateSet(der: Uint8Array): Tlv[] {
  const [type, content, ...rest] = sequence(readTlv(der, 'BER'), 'BER');
  if (readOid(type) !== SIGNED_DATA || rest.length > 0) throw new SyntaxError('not SignedData');
  const signedData = children(expect(content, EXPLICIT_CONTENT), 'BER')[0];
  const [version, digestAlgorithms, contentInfo, ...optional] = sequence(signedData, 'BER');
  expect(version, TAG.integer);
  expect(digestAlgorithms, TAG.set);
  expect(contentInfo, TAG.sequence);
  const set = children(expect(optional[0], CERTIFICATES), 'BER');
  if (set.length === 0 || set.length > MAX_CERTIFICATES) throw new SyntaxError('none or too many certificates');
  // RFC 5652 §10.2.2: the other choices of CertificateChoices are tagged. They are refused.
  return set.map((certificate) => expect(certificate, TAG.sequence));
}

function distinct(certificates: readonly Tlv[]): CertificateDer[] {
  const byValue = new Map(certificates.map(({ raw }) => [Buffer.from(raw).toString('latin1'), Uint8Array.from(raw)]));
  return [...byValue.values()].map((bytes) => asDer<CertificateDer>(bytes));
}
