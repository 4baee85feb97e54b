/** A31: the bank's CA endpoint is trusted by the profile's anchors alone; an environment that would undo that is refused. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { makeAuthority } from '../stage/authority.ts';
import { setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { inkan } from '../stage/served-agent.ts';
import { standTarget } from '../stage/target.ts';

const INKAN = resolve(import.meta.dirname, '../../agent/cli/index.js');

describe('A31: somebody between the agent and the CA', function () {
  this.timeout(60_000);
  const folder = ownFolder();

  for (const variable of [
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { NODE_OPTIONS: '--require=/tmp/evil.cjs' },
    { NODE_OPTIONS: '--use-openssl-ca' },
    { NODE_OPTIONS: ' ' },
  ])
    it(`with ${JSON.stringify(variable)} no command starts`, async () => {
      const { environment, script } = setUpPc(folder(), []);
      // Node itself reads NODE_OPTIONS before us: what cannot be loaded ends it, and that is as good.
      const env = { ...environment, ...variable };
      for (const args of [['serve', '--allow-root', '--scripted-human', script], ['tokens'], ['enrollments']]) {
        const { status, stdout, stderr } = spawnSync(process.execPath, [INKAN, ...args, '--json'], {
          env,
          encoding: 'utf8',
          timeout: 15_000,
        });
        expect(status, args[0]).to.be.greaterThan(0);
        expect(stdout + stderr).to.match(/ERR_INTERNAL_ENVIRONMENT_REFUSED|Cannot find module/);
      }
    });

  it('an endpoint whose certificate comes from any other CA is refused before a key is made', async () => {
    const evil = await makeAuthority();
    const target = await standTarget({ service: { trustAnchors: [evil.root.pem] } });
    const failure = await target.enroll().catch((error: Error) => error.message);
    expect(failure).to.include('ERR_CA_TLS_UNTRUSTED');
    expect(target.ca.requests).to.deep.equal([]);
    expect(target.module.witnessed()).to.deep.equal([]);
    await target.leave();
  });

  it("a CA that the machine's environment adds is not trusted either", async () => {
    const evil = await makeAuthority();
    const target = await standTarget({ service: { trustAnchors: [evil.root.pem] } });
    const [anchors, order] = [join(target.folder, 'extra.pem'), join(target.folder, 'order')];
    // The CA that the endpoint truly has: trusted by the environment, and not by the profile.
    writeFileSync(anchors, target.bank.authority.root.pem);
    writeFileSync(order, await target.bank.order());
    const environment = { ...target.pc.environment, NODE_EXTRA_CA_CERTS: anchors, SSL_CERT_FILE: anchors };
    const args = [
      'enroll',
      '--profile',
      'stage-bank',
      '--order',
      order,
      '--json',
      '--scripted-human',
      target.pc.script,
    ];
    const { status, stdout } = await inkan({ environment }, args);
    expect(status).to.equal(1);
    expect(stdout).to.include('ERR_CA_TLS_UNTRUSTED');
    expect(target.ca.requests).to.deep.equal([]);
    await target.leave();
  });
});
