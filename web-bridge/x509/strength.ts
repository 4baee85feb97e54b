/** What is too weak for a certificate of ours: a list of what is accepted, so that the unknown is refused. */

import { readOid, readTlv, sequence } from '../asn1/read.ts';
import type { ParsedCertificate } from './certificate.ts';
import { publicKeyFacts } from './key-types.ts';

const RSA_MIN_BITS = 2048;

const SIGNATURES: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.11', // sha256WithRSAEncryption, RFC 4055 §5
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2', // ecdsa-with-SHA256, RFC 5758 §3.2
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.3.101.112', // Ed25519, RFC 8410 §3
  '1.3.101.113', // Ed448
]);
const RSASSA_PSS = '1.2.840.113549.1.1.10';
const PSS_HASHES: ReadonlySet<string> = new Set([
  '2.16.840.1.101.3.4.2.1', // SHA-256
  '2.16.840.1.101.3.4.2.2',
  '2.16.840.1.101.3.4.2.3',
]);
const CURVES: ReadonlySet<string> = new Set([
  '1.2.840.10045.3.1.7', // P-256
  '1.3.132.0.34', // P-384
  '1.3.132.0.35', // P-521
]);
const EDWARDS: ReadonlySet<string> = new Set(['1.3.101.112', '1.3.101.113']);

/** The algorithm that signed this certificate, when it is not one of the accepted. @throws SyntaxError */
export function weakSignature({ signatureAlgorithm }: ParsedCertificate): string | undefined {
  const [oid, parameters] = sequence(signatureAlgorithm);
  const algorithm = readOid(oid);
  if (SIGNATURES.has(algorithm)) return undefined;
  if (algorithm !== RSASSA_PSS) return algorithm;
  // RFC 4055 §3.1: [0] names the hash, and left out it means SHA-1.
  const hash = sequence(parameters).find(({ tag }) => tag === 0xa0);
  return hash && PSS_HASHES.has(readOid(sequence(readTlv(hash.value))[0])) ? undefined : algorithm;
}

/** The key in this certificate, when it is not strong enough. @throws SyntaxError */
export function weakKey({ spki }: ParsedCertificate): string | undefined {
  const { algorithmOid, modulusBits, curveOid } = publicKeyFacts(spki);
  if (modulusBits !== undefined) return modulusBits < RSA_MIN_BITS ? `RSA ${modulusBits}` : undefined;
  if (curveOid !== undefined) return CURVES.has(curveOid) ? undefined : curveOid;
  return EDWARDS.has(algorithmOid) ? undefined : algorithmOid;
}
