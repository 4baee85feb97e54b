/** What a CA demands in a request: CsrAttrs (RFC 7030 §4.5.2, clarified by RFC 8951 and RFC 9908). */

import { children, expect, readCount, readOid, readTlv, sequence, TAG, type Tlv } from '../../web-bridge/asn1/read.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { KEY_TYPES, type KeyType } from '../../web-bridge/protocol/order.ts';
import { CURVE, KEY_OID } from '../../web-bridge/x509/algorithms.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import type { RequestDemands } from '../ports/ca.ts';
import { decodeTransfer } from './transfer.ts';

/** Demands that Inkan cannot meet. They are an error before a key is made. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.9.7': 'challengePassword', // RFC 7030 §3.5: needs tls-unique, which TLS 1.3 does not have
  '1.2.840.113549.1.9.16.2.61': 'certificationRequestInfoTemplate', // RFC 9908 §3.4
  '1.2.840.113549.1.9.16.2.62': 'extensionReqTemplate',
};

type Attribute = { readonly oid: string; readonly values: readonly Tlv[] };

export const NO_DEMANDS: RequestDemands = { keys: undefined };

/** @throws AgentError ERR_CA_ANSWER_INVALID, ERR_CA_ATTRIBUTES_UNSUPPORTED */
export function csrAttributesOf(body: Uint8Array): RequestDemands {
  const der = decodeTransfer(body);
  if (der.length === 0) return NO_DEMANDS;
  const { keys, unsupported } = parseAttributes(der);
  if (unsupported !== undefined) throw new AgentError('ERR_CA_ATTRIBUTES_UNSUPPORTED', { wanted: unsupported });
  return { keys };
}

function parseAttributes(der: Uint8Array): RequestDemands & { readonly unsupported: string | undefined } {
  try {
    const attributes = sequence(readTlv(der)).map(parseAttribute);
    const template = attributes.find(({ oid }) => Object.hasOwn(UNSUPPORTED, oid));
    if (template) return { ...NO_DEMANDS, unsupported: UNSUPPORTED[template.oid] };
    const keys = keyTypes(attributes);
    return { keys, unsupported: keys?.length === 0 ? 'key type' : undefined };
  } catch (error) {
    throw new AgentError('ERR_CA_ANSWER_INVALID', { reason: 'not CsrAttrs' }, error);
  }
}

/** AttrOrOID: a bare OBJECT IDENTIFIER, or an Attribute with values. */
function parseAttribute(tlv: Tlv): Attribute {
  if (tlv.tag === TAG.oid) return { oid: readOid(tlv), values: [] };
  const [type, values] = sequence(tlv);
  return { oid: readOid(type), values: children(expect(values, TAG.set)) };
}

/**
 * The key types that the attributes allow; `undefined`: they name none. A key is named by its algorithm, with sizes or curves as
 * values, or by a curve alone (as libest does). If a signature algorithm is named too, a key type must fit both.
 */
function keyTypes(attributes: readonly Attribute[]): KeyType[] | undefined {
  const byKey = attributes.filter(({ oid }) => KEY_OIDS.has(oid));
  const bySignature = attributes.filter(({ oid }) => SIGNATURE_OID.test(oid));
  if (byKey.length === 0 && bySignature.length === 0) return undefined;
  const fitsAny = (
    list: readonly Attribute[],
    fits: (type: KeyType, attribute: Attribute) => boolean,
    type: KeyType,
  ): boolean => list.length === 0 || list.some((attribute) => fits(type, attribute));
  return KEY_TYPES.filter(
    (type) => fitsAny(byKey, isDemandedKey, type) && fitsAny(bySignature, isDemandedSignature, type),
  );
}

const KEY_OIDS: ReadonlySet<string> = new Set([
  ...Object.values(KEY_OID),
  ...Object.values(CURVE).map(({ oid }) => oid),
]);
/** The arcs of xWithRSAEncryption, RSASSA-PSS and ecdsa-with-x. */
const SIGNATURE_OID = /^(1\.2\.840\.113549\.1\.1\.([2-5]|1[0-6])|1\.2\.840\.10045\.4\..+)$/;

function isDemandedKey(type: KeyType, { oid, values }: Attribute): boolean {
  const row = KEY_TYPE[type];
  if (row.family === 'EC' && oid === row.curve.oid) return true;
  if (oid !== row.spkiOid) return false;
  if (values.length === 0) return true;
  return row.family === 'EC'
    ? values.some((value) => readOid(value) === row.curve.oid)
    : values.some((value) => readCount(value) === row.bits);
}

function isDemandedSignature(type: KeyType, { oid }: Attribute): boolean {
  return KEY_TYPE[type].signatureOid === oid;
}
