/** Tools that are not ours say what they see: pkcs11-tool and openssl. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnrollmentResult } from '../../web-bridge/protocol/methods.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import { objectsOn, pkcs11Tool } from '../stage/witness.ts';
import type { Stage } from './unattended.ts';

type Made = EnrollmentResult & { readonly enrollment: string };
type Witness = readonly [claim: string, look: (stage: Stage, made: Made) => string];

const WITNESSES: readonly Witness[] = [
  ['pkcs11-tool: the token holds one pair and the certificate', listsPairAndCertificate],
  ['openssl: the request is signed by its own key', verifiesRequest],
  ["openssl: the certificate chains to the bank's root", verifiesChain],
  ['pkcs11-tool + openssl: the token signs a challenge that the certificate verifies', signsChallenge],
];

/** @returns whether all agreed */
export async function callWitnesses(stage: Stage, made: Made): Promise<boolean> {
  console.log('\nWitnesses');
  let agreed = true;
  for (const [claim, look] of WITNESSES) {
    try {
      console.log(`  ✓ ${claim}\n      ${look(stage, made).trim().split('\n').join('\n      ')}`);
    } catch (error) {
      agreed = false;
      console.log(`  ✗ ${claim}\n      ${String(error)}`);
    }
  }
  return agreed;
}

function listsPairAndCertificate({ pc }: Stage): string {
  const objects = objectsOn(pc, 'demo');
  const count = (kind: string) => objects.filter((line) => line.startsWith(kind)).length;
  const [privateKeys, publicKeys, certificates] = [count('Private Key'), count('Public Key'), count('Certificate')];
  if (privateKeys !== 1 || publicKeys !== 1 || certificates < 1) throw new Error(objects.join('; '));
  return objects.join('\n');
}

/** The journal keeps the request as it was sent. */
function verifiesRequest({ pc, stateFolder }: Stage, { enrollment }: Made): string {
  const journal = join(pc.environment['INKAN_STATE_DIR'] ?? '', 'journal', `${enrollment}.json`);
  const { state } = JSON.parse(readFileSync(journal, 'utf8')) as { state: { csr: { base64: string } } };
  const file = keep(stateFolder, 'request.der', Buffer.from(state.csr.base64, 'base64'));
  return openssl([
    'req',
    '-inform',
    'DER',
    '-in',
    file,
    '-verify',
    '-noout',
    '-subject',
    '-nameopt',
    'utf8,sep_comma_plus',
  ]);
}

function verifiesChain({ bank, stateFolder }: Stage, { certificate, chain }: Made): string {
  const root = keep(stateFolder, 'root.pem', Buffer.from(bank.customerRoot));
  const above = keep(stateFolder, 'chain.pem', Buffer.from(chain.map(pem).join('')));
  const leaf = keep(stateFolder, 'certificate.pem', Buffer.from(pem(certificate)));
  return openssl(['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', root, '-untrusted', above, leaf]);
}

function signsChallenge({ pc, stateFolder }: Stage, { certificate, keyType }: Made): string {
  const challenge = randomBytes(32);
  const file = keep(stateFolder, 'challenge', challenge);
  const leaf = keep(stateFolder, 'certificate.pem', Buffer.from(pem(certificate)));
  const signature = join(stateFolder, 'challenge.signature');
  const { family, hash } = KEY_TYPE[keyType];
  const isRsa = family === 'RSA';
  // SoftHSM's CKM_ECDSA signs a hash; its RSA mechanism hashes by itself.
  const input = isRsa ? file : keep(stateFolder, 'challenge.hash', createHash(hash).update(challenge).digest());
  const mechanism = isRsa ? ['SHA256-RSA-PKCS'] : ['ECDSA', '--signature-format', 'openssl'];
  pkcs11Tool(pc, 'demo', ['--sign', '--mechanism', ...mechanism, '--input-file', input, '--output-file', signature]);
  const publicKey = keep(stateFolder, 'public.pem', Buffer.from(openssl(['x509', '-in', leaf, '-pubkey', '-noout'])));
  return openssl(['dgst', `-${hash}`, '-verify', publicKey, '-signature', signature, file]);
}

function openssl(args: readonly string[]): string {
  const { PATH } = process.env;
  return execFileSync('openssl', args, { encoding: 'utf8', env: { PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
}

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${(base64.match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
}

function keep(folder: string, name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}
