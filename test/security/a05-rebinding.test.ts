/** A5: a name that was rebound to this machine. It arrives with its own Host; each of Host and Origin alone has a hole. */
import { expect } from 'chai';
import { type AttackPages, openAttackPages, tryWebSocket } from '../stage/attack-pages.ts';
import { handshake, knock, REFUSAL } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

describe('A5: DNS rebinding', function () {
  this.timeout(60_000);
  let pages: AttackPages;
  let target: Target;
  before(async () => {
    pages = await openAttackPages({ isGuarded: false });
    target = await standTarget({ origins: [pages.bankOrigin] });
  });
  after(async () => {
    await pages?.leave();
    await target?.leave();
  });
  afterEach(() => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 }));

  const HOSTS: [string, (port: number) => string | string[] | undefined][] = [
    ['a rebound name', (port) => `rebound.example:${port}`],
    ["the bank's name", (port) => `www.bank.example:${port}`],
    ['none', () => undefined],
    ['an empty one', () => ''],
    ['two, both ours', (port) => [`127.0.0.1:${port}`, `127.0.0.1:${port}`]],
    ['ours and a strange one', (port) => [`127.0.0.1:${port}`, 'evil.example']],
    ['another port', (port) => `127.0.0.1:${port + 1}`],
    ['no port', () => '127.0.0.1'],
    ['0.0.0.0', (port) => `0.0.0.0:${port}`],
    ['[::1]', (port) => `[::1]:${port}`],
    ['a mapped address', (port) => `[::ffff:127.0.0.1]:${port}`],
    ['localhost', (port) => `localhost:${port}`],
    ['another loopback address', (port) => `127.0.0.2:${port}`],
    ['a short address', (port) => `127.1:${port}`],
    ['a decimal address', (port) => `2130706433:${port}`],
    ['a user before it', (port) => `user@127.0.0.1:${port}`],
    ['a dot behind it', (port) => `127.0.0.1.:${port}`],
  ];
  for (const [name, host] of HOSTS)
    it(`Host: ${name}, with the bank's own Origin: refused`, async () => {
      const bytes = handshake(target.port, ORIGIN, { Host: host(target.port) });
      // Node itself answers for no Host and for two, by a 400 of its own.
      const answer = await knock(target.port, bytes);
      if (name === 'none' || name.startsWith('two')) expect(answer).to.match(/^HTTP\/1\.1 40[03] [\w ]+\r\n[^<]*$/);
      else expect(answer).to.equal(REFUSAL);
    });

  it('an absolute URI does not stand in for the Host', async () => {
    for (const host of [`127.0.0.1:${target.port}`, 'www.bank.example'])
      expect(await knock(target.port, handshake(target.port, ORIGIN, {}, `GET http://${host}/ HTTP/1.1`))).to.equal(
        REFUSAL,
      );
  });

  it('in Chromium: a page of the rebound name itself reads nothing, though to the browser it is of the same origin', async () => {
    const page = await pages.browser.newPage();
    const own = `http://rebound.example:${target.port}/`;
    // The page comes from the attacker's server; from then on its name leads to this machine.
    await page.route(own, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>x</title>' }),
    );
    await page.goto(own);
    await page.unroute(own);
    const read = await page.evaluate(async () => {
      const seen = [];
      for (const [url, options] of [
        ['/', {}],
        ['/status', {}],
        ['/', { method: 'POST', body: '{}' }],
      ] as const)
        seen.push(
          await fetch(url, options).then(
            async (answer) => `${answer.status} "${await answer.text()}"`,
            () => 'failed',
          ),
        );
      return seen;
    });
    // The end of a connection whose body nobody reads may overtake the answer.
    expect(read.slice(0, 2)).to.deep.equal(['403 ""', '403 ""']);
    expect(read[2]).to.be.oneOf(['403 ""', 'failed']);
    expect(await tryWebSocket(page, `ws://rebound.example:${target.port}`)).to.equal('error');
    expect(await tryWebSocket(page, `ws://127.0.0.1:${target.port}`)).to.equal('error');
  });

  it("in Chromium: the bank's own page reaches the bridge by its address only, by no name that leads there", async () => {
    const page = await pages.visit('localhost');
    for (const host of ['rebound.example', 'www.bank.example', 'localhost'])
      expect(await tryWebSocket(page, `ws://${host}:${target.port}`), host).to.equal('error');
    expect(await tryWebSocket(page, `ws://127.0.0.1:${target.port}`)).to.equal('open');
  });
});
