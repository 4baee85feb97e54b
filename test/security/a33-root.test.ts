/** A33: the agent does not serve the web as the administrator, unless somebody asks for it in so many words. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { serveAgent } from '../stage/served-agent.ts';
import { skip } from '../stage/skip.ts';

const INKAN = resolve(import.meta.dirname, '../../agent/cli/index.js');

describe('A33: running as root', function () {
  this.timeout(20_000);
  const folder = ownFolder();
  const serve = (env: NodeJS.ProcessEnv, ...args: string[]) =>
    spawnSync(process.execPath, [INKAN, 'serve', '--port', '17157', ...args], {
      env,
      encoding: 'utf8',
      timeout: 10_000,
    });

  beforeEach(function () {
    if (process.getuid?.() !== 0) skip(this, 'is about root, and run by root');
  });

  it('is refused, in words and with a support code', () => {
    const { environment } = setUpPc(folder());
    const said = serve(environment);
    expect(said.status).to.equal(1);
    expect(said.stderr).to.include('ERR_INTERNAL_ROOT_REFUSED').and.include('I05');
    expect(JSON.parse(serve(environment, '--json').stdout).error).to.include({ code: 'ERR_INTERNAL_ROOT_REFUSED' });
  });

  it('is allowed for containers by --allow-root', async () => {
    const served = await serveAgent(setUpPc(folder()), { port: 17_170 });
    expect(served.port).to.equal(17_170);
    await served.stop();
  });
});
