/** A PIN dialog is a child of the token host: no deadline runs while it is open, and it never outlives its host. */

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TokenDescription } from '../../agent/ports/token.ts';
import { createTokens } from '../../agent/token/token.ts';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { buildFaultyModule, type FaultyModule } from '../doubles/faulty-module.ts';
import { childrenOf, isGone, until } from './processes.ts';
import { codeOf } from './token.ts';
import { PIN_CONTEXT, setUpTokenTests, type TokenSetup } from './token-setup.ts';

/** Speaks Assuan as pinentry does, and at GETPIN does what `$0.does` says; like pinentry it does not look at its input then. */
const PINENTRY = `#!/bin/sh
echo OK ready
while read -r command rest; do
  case $command in
    GETPIN) echo $$ > "$0.pid"; . "$0.does" ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
`;

describe('the PIN dialog of a token host', function () {
  this.timeout(30_000);
  let setup: TokenSetup;
  let faulty: FaultyModule;
  let token: TokenDescription;
  let pinentry: string;
  const deadlines = {
    dialogMs: 20_000,
    caMs: 1,
    pendingMs: 1,
    retryAtLeastMs: 1,
    retryAtMostMs: 1,
    token: { login: 1_500 },
  };
  const request = () => ({ ckaId: randomBytes(16), label: 'desk', keys: ['ec-p256'] as const });

  before(async () => {
    setup = setUpTokenTests();
    faulty = buildFaultyModule(setup.folder, ['desk']);
    token = (await setup.tokens([faulty.planned('')]).list(new AbortController().signal))[0]!;
    await setup.rest();
    mkdirSync(join(setup.folder, 'bin'));
    pinentry = join(setup.folder, 'bin', 'pinentry-qt');
    writeFileSync(pinentry, PINENTRY);
    chmodSync(pinentry, 0o755);
  });
  after(() => setup.leave());

  const tokensWith = (module: Pkcs11Module) =>
    createTokens({
      modules: async () => [module],
      dialog: { language: 'ja', timeoutMs: 20_000 },
      profileFolders: [],
      environment: { ...process.env, DISPLAY: ':none', PATH: `${join(setup.folder, 'bin')}:${process.env['PATH']}` },
      report: () => {},
    });
  const shown = async (does: string): Promise<void> => writeFileSync(`${pinentry}.does`, does);
  const pidOfDialog = async (): Promise<number> => {
    await until(
      'the dialog',
      () => existsSync(`${pinentry}.pid`) && readFileSync(`${pinentry}.pid`, 'utf8') !== '',
      10_000,
    );
    return Number(readFileSync(`${pinentry}.pid`, 'utf8'));
  };

  it('may stay open longer than the log-in may take', async () => {
    await shown(`sleep 3; echo D ${faulty.pin}; echo OK`);
    const session = await tokensWith(faulty.planned('')).open(
      token,
      PIN_CONTEXT,
      deadlines,
      new AbortController().signal,
    );
    const { ckaId, ...rest } = request();
    expect((await session.generate({ ckaId, ...rest })).keyType).to.equal('ec-p256');
    expect(await session.destroy(ckaId)).to.deep.equal({ left: 0 });
    await session.close();
  });

  it('closes when the host is killed', async () => {
    await shown('while :; do sleep 0.2; done');
    writeFileSync(`${pinentry}.pid`, '');
    const control = new AbortController();
    const session = await tokensWith(faulty.planned('')).open(token, PIN_CONTEXT, deadlines, control.signal);
    const work = codeOf(session.generate(request()));
    const dialog = await pidOfDialog();
    expect(isGone(dialog)).to.equal(false);
    control.abort(new AgentError('ERR_USER_CANCELLED'));
    expect(await work).to.equal('ERR_USER_CANCELLED');
    await until('the dialog is gone', () => isGone(dialog), 2000);
    expect(childrenOf(process.pid).filter((pid) => !isGone(pid))).to.deep.equal([]);
  });
});
