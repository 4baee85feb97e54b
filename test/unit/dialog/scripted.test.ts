import { chmod, chown, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDialog } from '../../../agent/dialog/open.ts';
import { AgentError, type ErrorCode } from '../../../web-bridge/protocol/errors.ts';
import { skip } from '../../stage/skip.ts';
import { certificateQuestion, codeQuestion, consentQuestion, pinQuestion, tokenQuestion } from './questions.ts';

const never = new AbortController().signal;

describe('the scripted human', () => {
  let folder: string;
  let script: string;
  let pinFile: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkan-scripted-'));
    script = join(folder, 'script.json');
    pinFile = join(folder, 'pin');
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => writeFile(pinFile, '73915846\n', { mode: 0o600 }));

  const dialog = () => openDialog({ language: 'ja', timeoutMs: 60, script }, {});
  const write = (content: object) => writeFile(script, JSON.stringify({ pinFile, ...content }), { mode: 0o600 });

  it('reads its script anew at each question', async () => {
    const human = dialog();
    await write({ consent: 'approve' });
    expect(await human.consent(consentQuestion, never)).to.equal(true);
    await write({ consent: 'refuse' });
    expect(await human.consent(consentQuestion, never)).to.equal(false);
  });

  it('ends by the timeout where it ignores the question', async () => {
    await write({ consent: 'ignore', pin: 'ignore' });
    await codeOf(dialog().consent(consentQuestion, never), 'ERR_USER_TIMEOUT');
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_USER_TIMEOUT');
  });

  it('ends at once when the signal is aborted', async () => {
    await write({ consent: 'ignore' });
    const human = openDialog({ language: 'ja', timeoutMs: 60_000, script }, {});
    await codeOf(human.consent(consentQuestion, AbortSignal.timeout(20)), 'ERR_USER_CANCELLED');
    const ours = AbortSignal.abort(new AgentError('ERR_USER_REFUSED'));
    await codeOf(human.consent(consentQuestion, ours), 'ERR_USER_REFUSED');
  });

  it('gives the PIN as bytes without the line end', async () => {
    await write({ consent: 'approve' });
    expect((await dialog().pin(pinQuestion, never)).equals(Buffer.from('73915846'))).to.equal(true);
  });

  it('never gives a refused PIN again, and can cancel', async () => {
    await write({ consent: 'approve' });
    await codeOf(dialog().pin({ ...pinQuestion, refusedBefore: true }, never), 'ERR_USER_PIN_CANCELLED');
    await write({ consent: 'approve', pin: 'cancel' });
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_USER_PIN_CANCELLED');
  });

  it('opens the PIN file for the PIN only', async () => {
    await rm(pinFile);
    await write({ consent: 'approve', code: 'AB12', choose: 'Sign' });
    expect(await dialog().consent(consentQuestion, never)).to.equal(true);
    expect(await dialog().code(codeQuestion, never)).to.equal('AB12');
    expect(await dialog().chooseToken(tokenQuestion, never)).to.equal(1);
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID');
  });

  it('chooses a certificate by its serial number', async () => {
    await write({ consent: 'approve', choose: '4f2a9d' });
    expect(await dialog().chooseCertificate(certificateQuestion, never)).to.equal(1);
  });

  it('cancels what its script does not answer', async () => {
    await write({ consent: 'approve' });
    await codeOf(dialog().code(codeQuestion, never), 'ERR_USER_CANCELLED');
    await codeOf(dialog().chooseToken(tokenQuestion, never), 'ERR_USER_CANCELLED');
    await codeOf(dialog().chooseCertificate(certificateQuestion, never), 'ERR_USER_CANCELLED');
  });

  it('refuses a script that is not as the schema says', async () => {
    for (const content of [
      {},
      { consent: 'yes' },
      { consent: 'approve', more: 1 },
      { consent: 'approve', pinFile: 'a' },
    ]) {
      await write(content);
      await codeOf(dialog().consent(consentQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID');
    }
    await writeFile(script, '{');
    await codeOf(dialog().consent(consentQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID');
  });

  it('refuses files that others may read, links, folders and what is too large', async () => {
    await write({ consent: 'approve' });
    await chmod(pinFile, 0o640);
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID', 'others may read it');
    await rm(pinFile);
    await symlink(script, pinFile);
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID', 'cannot be opened');
    await rm(pinFile);
    await write({ consent: 'approve', pinFile: folder });
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID', 'not a file');
    await chmod(script, 0o604);
    await codeOf(dialog().consent(consentQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID', 'others may read it');
    await chmod(script, 0o600);
    await writeFile(pinFile, Buffer.alloc(20_000), { mode: 0o600 });
    await write({ consent: 'approve' });
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID', 'too large');
  });

  it('refuses files of another user', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can give a file away');
    await write({ consent: 'approve' });
    await chown(pinFile, 65534, 65534);
    await codeOf(dialog().pin(pinQuestion, never), 'ERR_INTERNAL_CONFIG_INVALID', 'belongs to another user');
  });
});

async function codeOf(promise: Promise<unknown>, code: ErrorCode, problem?: string): Promise<void> {
  const error = await promise.then(
    () => expect.fail(`expected ${code}`),
    (error: unknown) => error,
  );
  expect(error).to.be.instanceOf(AgentError);
  expect(error).to.have.property('code', code);
  if (problem !== undefined) expect(error).to.have.nested.property('details.problem', problem);
}
