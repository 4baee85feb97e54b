/** What is too weak for a certificate. The list is of what is accepted (`algorithms.ts`), so the unknown is refused. */
import { readOid, readTlv, sequence } from '../asn1/read.ts';
import { CURVE, HASH, KEY_OID, SIGNATURE_OID } from './algorithms.ts';
import type { ParsedCertificate } from './certificate.ts';
import { parsePublicKey } from './public-key.ts';

const RSA_MIN_BITS = 2048;
const RSASSA_PSS = '1.2.840.113549.1.1.10'; // RFC 4055 §3

const SIGNATURES: ReadonlySet<string> = new Set(Object.values(SIGNATURE_OID));
const PSS_HASHES: ReadonlySet<string> = new Set(Object.values(HASH).map(({ oid }) => oid));
const CURVES: ReadonlySet<string> = new Set(Object.values(CURVE).map(({ oid }) => oid));
const EDWARDS: ReadonlySet<string> = new Set([KEY_OID.ed25519, KEY_OID.ed448]);

/** The algorithm that signed this certificate, if it is not one of the accepted. @throws SyntaxError */
export function weakSignature({ signatureAlgorithm }: ParsedCertificate): string | undefined {
  const [oid, parameters] = sequence(signatureAlgorithm);
  const algorithm = readOid(oid);
  if (SIGNATURES.has(algorithm)) return undefined;
  if (algorithm !== RSASSA_PSS) return algorithm;
  // RFC 4055 §3.1: the hash is in [0]. Without it, SHA-1 is meant.
  const hash = sequence(parameters).find(({ tag }) => tag === 0xa0);
  return hash && PSS_HASHES.has(readOid(sequence(readTlv(hash.value))[0])) ? undefined : algorithm;
}

/** The key in this certificate, if it is not strong enough. @throws SyntaxError */
export function weakKey({ spki }: ParsedCertificate): string | undefined {
  const { algorithmOid, modulusBits, curveOid } = parsePublicKey(spki);
  if (modulusBits !== undefined) return modulusBits < RSA_MIN_BITS ? `RSA ${modulusBits}` : undefined;
  if (curveOid !== undefined) return CURVES.has(curveOid) ? undefined : curveOid;
  return EDWARDS.has(algorithmOid) ? undefined : algorithmOid;
}
