/** Writes the certificate beside its key. Then, in a module started anew, proves that both are there and belong together. */
import { createHash, verify, X509Certificate } from 'node:crypto';
import pkcs11js, { type Handle, type Template } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import { type HostParams, type HostResult, type PartialFailure, PROOF_DOMAIN } from '../token/host-protocol.ts';
import { assertBelongs, type ReadCertificate, readCertificate } from './certificate.ts';
import { assertSpaceFor } from './free-space.ts';
import { findPrivateKey } from './keys.ts';
import { login, whileDialogOpen } from './login.ts';
import { attributeIfAny, findCertificate, findOfClass, lookForCertificate, readAttribute } from './objects.ts';
import { type OpenToken, restart } from './session.ts';
import { signWith } from './sign.ts';
import { partialFailureOf } from './slots.ts';
import { undoOnFailure } from './snapshot.ts';
import { certificateTemplate } from './templates.ts';

/** CKA_LABEL of the certificates above the customer's. */
const CHAIN_LABEL = 'CA';

/**
 * A chain certificate that cannot be written is only reported.
 * @throws AgentError ERR_CERTIFICATE_*, ERR_TOKEN_KEY_MISSING, ERR_TOKEN_FULL
 */
export async function store(token: OpenToken, request: HostParams<'store'>): Promise<HostResult<'store'>> {
  const certificate = readCertificate(request.certificate);
  assertBelongs(certificate, request.key.spki);
  const chain = request.chain.map(readCertificate);
  await login(token);
  await token.progress.step('write');
  const privateKey = findPrivateKey(token, request.key);
  // The key's CKA_ID on the token, which is not always the one we chose.
  const ckaId = attributeIfAny(token, privateKey, pkcs11js.CKA_ID) ?? Buffer.from(request.key.ckaId);
  if (!findCertificate(token, certificate.value)) await askForPlace(token, certificate, ckaId);
  writeUnlessThere(token, certificate, ckaId, request.label);
  return { failures: await writeChain(token, chain) };
}

/**
 * Asks before a certificate of another key is lost. What a module does with a certificate that has this CKA_ID already is
 * its own choice: it keeps both, refuses ours, or overwrites the old one. A certificate for the same key is no loss (ykcs11
 * has such a placeholder from the start).
 * @throws AgentError ERR_USER_REFUSED
 */
async function askForPlace(token: OpenToken, ours: ReadCertificate, ckaId: Buffer): Promise<void> {
  const others = findOfClass(token, pkcs11js.CKO_CERTIFICATE, ckaId).flatMap((handle) => {
    const value = attributeIfAny(token, handle, pkcs11js.CKA_VALUE);
    return value ? [value] : [];
  });
  for (const value of others) {
    const subject = strangersSubject(value, ours);
    if (subject === undefined) continue;
    const question = { token: token.identity, subject };
    const ask = () => token.dialog.replace(question, new AbortController().signal);
    if (!(await whileDialogOpen(token, ask))) throw new AgentError('ERR_USER_REFUSED');
    await token.progress.step('write');
  }
}

/** Bytes that do not parse count as another's: somebody may need them. */
function strangersSubject(value: Buffer, { publicKey }: ReadCertificate): string | undefined {
  try {
    const other = new X509Certificate(value);
    return other.publicKey.equals(publicKey) ? undefined : other.subject.replace(/\n/g, ', ');
  } catch {
    return `${value.length} bytes`;
  }
}

async function writeChain(token: OpenToken, chain: readonly ReadCertificate[]): Promise<PartialFailure[]> {
  const failures: PartialFailure[] = [];
  for (const certificate of chain) {
    await token.progress.step('write');
    try {
      writeUnlessThere(token, certificate, chainCkaId(certificate), CHAIN_LABEL);
    } catch (error) {
      failures.push(partialFailureOf('chain certificate', error));
    }
  }
  return failures;
}

/** Not the key's CKA_ID: ykcs11 would overwrite the certificate there, and OpenSC refuses a second one. */
function chainCkaId({ value }: ReadCertificate): Buffer {
  return createHash('sha256').update(value).digest().subarray(0, 20);
}

function writeUnlessThere(token: OpenToken, certificate: ReadCertificate, ckaId: Buffer, label: string): void {
  if (findCertificate(token, certificate.value)) return;
  assertSpaceFor(token, certificate.value.length);
  const template = certificateTemplate(certificate.value, certificate, ckaId, label);
  undoOnFailure(token, ckaId, () => create(token, template));
}

function create({ p11, session }: OpenToken, template: Template): Handle {
  return p11.C_CreateObject(session, template);
}

/** @throws AgentError ERR_TOKEN_KEY_MISSING, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_SIGNATURE_WRONG */
export async function prove(token: OpenToken, request: HostParams<'prove'>): Promise<HostResult<'prove'>> {
  await token.progress.step('restart');
  restart(token);
  await login(token);
  const { handle, unreadable } = lookForCertificate(token, request.certificate);
  if (!handle) throw unreadable ?? new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  const stored = readAttribute(token, handle, pkcs11js.CKA_VALUE);
  if (!stored.equals(request.certificate)) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  const signed = Buffer.concat([Buffer.from(PROOF_DOMAIN, 'latin1'), request.challenge]);
  const signature = await signWith(token, request.key, signed);
  const { hash, jwa } = KEY_TYPE[request.key.keyType];
  // By the key in the certificate that the token gave back.
  const key = readCertificate(stored).publicKey;
  if (!verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature))
    throw new AgentError('ERR_TOKEN_SIGNATURE_WRONG');
  return { algorithm: jwa, signed: signed.toString('base64'), signature: signature.toString('base64') };
}
