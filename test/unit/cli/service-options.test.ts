import { expect } from 'chai';
import { serviceOptions } from '../../../agent/cli/serve.ts';

describe('service options', () => {
  it('are read as a service file or a test writes them', () => {
    expect(serviceOptions(['serve'])).to.deep.equal({});
    expect(serviceOptions(['serve', '--json', '--allow-root'])).to.deep.equal({ json: true, allowRoot: true });
    const several = ['serve', '--port', '1', '--port=2', '--scripted-human', 'human.json'];
    expect(serviceOptions(several)).to.deep.equal({ port: ['1', '2'], scriptedHuman: 'human.json' });
  });

  for (const words of [
    '',
    'tokens --json',
    '--json serve',
    'serve --help',
    'serve -h',
    'serve more',
    'serve --json more',
    'serve --port',
    'serve --port 1 2',
    'serve --json=yes',
    'serve --port --json',
    'serve --scripted-human',
    'serve --scripted-human a b',
    'serve --constructor',
  ]) {
    it(`leaves "${words}" to what knows all commands`, () => {
      expect(serviceOptions(words === '' ? [] : words.split(' '))).to.equal(undefined);
    });
  }
});
