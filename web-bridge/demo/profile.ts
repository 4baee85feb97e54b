/** The bank's profile for the agent (`native-config/schema.ts`), and the key that signs the bank's orders. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicJwk, readSigningKey, type SigningKey } from '../bank/signing-key.ts';
import { byLanguage, type Language } from '../protocol/languages.ts';
import { type Authority, pemOf } from './authority.ts';
import type { RenewalWindow } from './ra.ts';
import { writeWhole } from './state-file.ts';
import { wordsOf } from './words.ts';

export const PROFILE_ID = 'shinkin-5410';
/** Names the CA's service in orders and in the profile's table of URLs. */
export const LABEL = 'customers';

/** The key lies owner-only in the state folder; a real bank keeps it in an HSM. */
export async function openOrderKey(folder: string): Promise<SigningKey> {
  const file = join(folder, 'order-key.pem');
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeWhole(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  }
  return readSigningKey(readFileSync(file, 'utf8'));
}

export type ProfileOptions = {
  readonly origins: readonly string[];
  readonly estUrl: string;
  readonly authority: Authority;
  readonly orderKey: SigningKey;
  readonly renewal: RenewalWindow;
};

function helpIn(language: Language): { text: string; telephone: string } {
  const words = wordsOf(language);
  return { text: words('help.profile'), telephone: words('help.telephone') };
}

export function profileOf({ origins, estUrl, authority, orderKey, renewal }: ProfileOptions): Record<string, unknown> {
  return {
    version: 1,
    id: PROFILE_ID,
    test: true,
    names: byLanguage((language) => wordsOf(language)('bank.name')),
    origins,
    orderKeys: { keys: [publicJwk(orderKey)] },
    enrollment: {
      [LABEL]: {
        protocol: 'est',
        url: estUrl,
        trustAnchors: [pemOf(authority.tlsRoot.certificate)],
        resend: 'idempotent',
      },
    },
    issuers: [pemOf(authority.issuing.certificate)],
    keyPolicy: { types: ['rsa-2048', 'ec-p256'] },
    renewal,
    // A demonstration should not wait for the ten seconds that are kind to a real CA.
    deadlines: { retryAtLeastMs: 1_000 },
    help: byLanguage(helpIn),
  };
}
