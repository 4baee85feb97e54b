/** What the host agrees to sign as a certification request. It looks for itself: a log-in or a payment does not look so. */
import { asDer, type NameDer } from '../../web-bridge/asn1/der.ts';
import { children, readTlv, sequence, TAG } from '../../web-bridge/asn1/read.ts';
import { parseName } from '../../web-bridge/x509/names.ts';

const VERSION_1 = Buffer.of(TAG.integer, 1, 0);
/** [0] IMPLICIT SET. */
const ATTRIBUTES = 0xa0;

/**
 * Whether `info` is a CertificationRequestInfo (RFC 2986 §4.1) for exactly this key: version, a Name, the key's SPKI and
 * attributes, in DER, and nothing more.
 */
export function isRequestInfoFor(info: Uint8Array, spki: Uint8Array): boolean {
  try {
    const [version, subject, key, attributes, ...more] = sequence(readTlv(info));
    if (!version || !subject || !key || attributes?.tag !== ATTRIBUTES || more.length > 0) return false;
    parseName(asDer<NameDer>(subject.raw));
    children(attributes).forEach((attribute) => void sequence(attribute));
    return VERSION_1.equals(version.raw) && Buffer.compare(key.raw, spki) === 0;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
