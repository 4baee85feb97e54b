/** Certification requests (PKCS#10, RFC 2986), built by @peculiar/x509 and signed by whoever holds the key. */
import { createPublicKey, verify, type webcrypto } from 'node:crypto';
import type { Pkcs10CertificateRequest } from '@peculiar/x509';
import { asDer, type CsrDer, type CsrInfoDer, type SpkiDer } from '../asn1/der.ts';
import { readBits, readTlv, sequence } from '../asn1/read.ts';
import { AgentError } from '../protocol/errors.ts';
import type { AcquisitionClaims, KeyType } from '../protocol/order.ts';
import { HASH } from './algorithms.ts';
import { EXTENDED_KEY_USAGE_OID } from './certificate.ts';
import { ecdsaFromDer } from './ecdsa.ts';
import { KEY_TYPE } from './key-types.ts';
import { type OrderedAttribute, oidOf } from './names.ts';

export type CsrContent = {
  readonly spki: SpkiDer;
  readonly keyType: KeyType;
  readonly subject: readonly OrderedAttribute[];
  readonly extensions: AcquisitionClaims['extensions'];
};

/** The signature as X.509 encodes it: ECDSA as SEQUENCE { r, s }. */
export type RequestSigner = (info: CsrInfoDer) => Promise<Uint8Array>;

/** Loading takes 63 ms and 15 MB, so it waits for the first request. */
async function loadLibrary(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

/**
 * Builds a request, has it signed, and verifies the signature in software before the request leaves.
 * @throws AgentError ERR_TOKEN_SIGNATURE_WRONG, and what `sign` throws
 */
export async function buildCsr(content: CsrContent, sign: RequestSigner): Promise<CsrDer> {
  const x509 = await loadLibrary();
  const request = await generate(x509, content, sign);
  const csr = asDer<CsrDer>(new Uint8Array(request.rawData));
  if (!isSignedBy(csr, content)) throw new AgentError('ERR_TOKEN_SIGNATURE_WRONG', { keyType: content.keyType });
  return csr;
}

function generate(
  x509: typeof import('@peculiar/x509'),
  { spki, keyType, subject, extensions }: CsrContent,
  sign: RequestSigner,
): Promise<Pkcs10CertificateRequest> {
  const algorithm = webAlgorithm(keyType);
  const key = { algorithm } as unknown as webcrypto.CryptoKey;
  const usages = extensions.keyUsage.reduce<number>((bits, usage) => bits | x509.KeyUsageFlags[usage], 0);
  return x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: new x509.Name(subject.map(jsonRdn)),
      extensions: [
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- a sum of flags is no member of the enum
        new x509.KeyUsagesExtension(usages, true),
        new x509.ExtendedKeyUsageExtension(extensions.extendedKeyUsage.map((usage) => EXTENDED_KEY_USAGE_OID[usage])),
      ],
      signingAlgorithm: algorithm,
      keys: { publicKey: key, privateKey: key },
    },
    signingProvider(spki, keyType, sign),
  );
}

/** For a request, the library asks a crypto provider for two things: the public key and one signature. */
function signingProvider(spki: SpkiDer, keyType: KeyType, sign: RequestSigner): webcrypto.Crypto {
  const subtle = {
    exportKey: (): Promise<ArrayBuffer> => Promise.resolve(bufferOf(spki)),
    sign: async (_algorithm: unknown, _key: unknown, info: ArrayBuffer): Promise<ArrayBuffer> =>
      bufferOf(webSignature(keyType, await sign(asDer<CsrInfoDer>(new Uint8Array(info))))),
  };
  return { subtle } as unknown as webcrypto.Crypto;
}

/** The library takes an ECDSA signature as WebCrypto gives it: r‖s. A signature that is no SEQUENCE { r, s } is wrong. */
function webSignature(keyType: KeyType, signature: Uint8Array): Uint8Array {
  const row = KEY_TYPE[keyType];
  if (row.family === 'RSA') return signature;
  try {
    return ecdsaFromDer(signature, row.curve.coordinateBytes);
  } catch (error) {
    throw new AgentError('ERR_TOKEN_SIGNATURE_WRONG', { keyType }, error);
  }
}

type WebAlgorithm = { readonly name: string; readonly hash: { readonly name: string }; readonly namedCurve?: string };

function webAlgorithm(keyType: KeyType): WebAlgorithm {
  const row = KEY_TYPE[keyType];
  const hash = { name: HASH[row.hash].webCrypto };
  return row.family === 'RSA'
    ? { name: 'RSASSA-PKCS1-v1_5', hash }
    : { name: 'ECDSA', hash, namedCurve: row.curve.webCrypto };
}

/** C and serialNumber are PrintableString by definition (RFC 5280 Appendix A); all else is UTF8String (§4.1.2.4). */
const PRINTABLE_TYPES = new Set(['C', 'serialNumber']);
const PRINTABLE_STRING = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

function jsonRdn([type, text]: OrderedAttribute): Record<
  string,
  { printableString: string }[] | { utf8String: string }[]
> {
  const printable = PRINTABLE_TYPES.has(type) && PRINTABLE_STRING.test(text);
  return { [oidOf(type)]: printable ? [{ printableString: text }] : [{ utf8String: text }] };
}

/** RFC 2986 §4.2: the signature covers the CertificationRequestInfo, and the key in it verifies the signature. */
function isSignedBy(csr: CsrDer, { spki, keyType }: CsrContent): boolean {
  const [info, , signature] = sequence(readTlv(csr));
  if (!info || Buffer.compare(sequence(info)[2]?.raw ?? new Uint8Array(), spki) !== 0) return false;
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return verify(KEY_TYPE[keyType].hash, info.raw, key, readBits(signature).octets);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
