import { expect } from 'chai';
import { runStep, startProgress } from '../../setup/progress.mjs';

/** An output that keeps what was written, and a clock that stands still until it is set. */
function stage(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  const clock = { now: 0 };
  const output = { isTTY, columns, write: (text: string) => written.push(text) };
  return { written, clock, output, progress: startProgress('Installing', output, () => clock.now) };
}

describe('the progress of a long step', () => {
  it('is one line that is written over on a terminal, and stays with how it ended', () => {
    const { written, clock, progress } = stage(true);
    progress.detail('33 %  Unpacking a');
    clock.now = 2_000;
    progress.tick();
    clock.now = 75_000;
    progress.end('done');
    expect(written).to.deep.equal([
      'Installing',
      '\rInstalling (2 s): 33 %  Unpacking a\x1b[K',
      '\rInstalling (1 min 15 s): done\x1b[K\n',
    ]);
  });

  it('is never longer than the terminal is wide, which would scroll', () => {
    const { written, progress } = stage(true, 20);
    progress.detail('a very long description of a package');
    progress.tick();
    progress.end('done');
    expect(written[1]).to.equal('\rInstalling (0 s): a\x1b[K');
  });

  it('is 80 columns wide on a terminal that says it has none', () => {
    const { written, progress } = stage(true, 0);
    progress.detail('y'.repeat(100));
    progress.tick();
    progress.end('done');
    expect(written[1]).to.equal(`\rInstalling (0 s): ${'y'.repeat(61)}\x1b[K`);
  });

  it('is plain lines otherwise, one in fifteen seconds', () => {
    const { written, clock, progress } = stage(false);
    for (const second of [1, 14, 15, 16, 29, 30]) {
      clock.now = second * 1000;
      progress.detail(`step ${second}`);
      progress.tick();
    }
    progress.end('failed');
    expect(written).to.deep.equal([
      'Installing …\n',
      'Installing (15 s): step 15\n',
      'Installing (30 s): step 30\n',
      'Installing (30 s): failed\n',
    ]);
  });
});

describe('a step', () => {
  const run = async (script: string) => {
    const written: string[] = [];
    const output = { isTTY: false, write: (text: string) => written.push(text) };
    const ended = await runStep({ title: 'Step', command: [process.execPath, '-e', script], env: {} }, output);
    return { ended, shown: written.join('') };
  };

  it('keeps what its program writes, and shows none of it', async () => {
    const { ended, shown } = await run('console.log("out"); console.error("err")');
    expect(ended).to.deep.equal({ ok: true, stdout: 'out\n', stderr: 'err\n' });
    expect(shown).to.match(/^Step …\nStep \(\d+ s\): done\n$/);
  });

  it('has failed where its program did', async () => {
    const { ended, shown } = await run('process.exit(3)');
    expect(ended.ok).to.equal(false);
    expect(shown).to.match(/: failed\n$/);
  });

  it('has failed, with the reason, where there is no such program', async () => {
    const output = { isTTY: false, write: () => true };
    const ended = await runStep({ title: 'Step', command: ['/nowhere/apt-get'], env: {} }, output);
    expect(ended.ok).to.equal(false);
    expect(ended.stderr).to.include('ENOENT');
  });
});
