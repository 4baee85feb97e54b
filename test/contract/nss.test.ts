/** NSS says that its keys are sensitive and never extractable, and hands them out: such a token must be refused. */

import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TokenDescription } from '../../agent/ports/token.ts';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { skip } from '../stage/skip.ts';
import { PIN_CONTEXT, setUpTokenTests, type TokenSetup } from './token-setup.ts';

const PIN = '73915846';
const PATHS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'].flatMap((folder) => [
  `${folder}/libsoftokn3.so`,
  `${folder}/nss/libsoftokn3.so`,
]);
const calm = new AbortController().signal;
const deadlines = { dialogMs: 20_000, caMs: 1, pendingMs: 1, retryAtLeastMs: 1, retryAtMostMs: 1, token: {} };

describe('a token of NSS', function () {
  this.timeout(30_000);
  let setup: TokenSetup;
  let module: Pkcs11Module;
  let token: TokenDescription;

  before(async function () {
    const found = PATHS.find((path) => existsSync(path));
    if (!found || spawnSync('certutil', ['-H']).error) {
      return skip(this, 'a token of NSS needs libnss3 libnss3-tools');
    }
    setup = setUpTokenTests();
    setup.writePin(PIN);
    const db = join(setup.folder, 'db');
    mkdirSync(db);
    writeFileSync(join(setup.folder, 'pw'), `${PIN}\n`, { mode: 0o600 });
    execFileSync('certutil', ['-N', '-d', `sql:${db}`, '-f', join(setup.folder, 'pw')], { stdio: 'pipe' });
    const parameters = `configdir='sql:${db}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=`;
    module = { path: realpathSync(found), parameters, environment: {} };
    const list = await setup.tokens([module]).list(calm);
    token = list.find(({ userPinInitialized, label }) => userPinInitialized && /Certificate DB/.test(label))!;
  });
  after(() => setup?.leave());

  for (const type of ['rsa-2048', 'ec-p256'] as const) {
    it(`is refused by examination, and keeps nothing of the ${type} pair`, async () => {
      const session = await setup.tokens([module]).open(token, PIN_CONTEXT, deadlines, calm);
      const ckaId = randomBytes(16);
      const error: unknown = await session
        .generate({ ckaId, label: 'desk', keys: [type] })
        .catch((error: unknown) => error);
      expect(error).to.be.instanceOf(AgentError);
      expect((error as AgentError).code).to.equal('ERR_TOKEN_KEY_EXPORTABLE');
      expect((error as AgentError).details['trial']).to.equal('wrap');
      expect(await session.destroy(ckaId)).to.deep.equal({ left: 0 });
      await session.close();
    });
  }
});
