/** A4: no request changes anything and none is answered with a body or a CORS header: CORS is no authorization here. */
import { expect } from 'chai';
import { type AttackPages, openAttackPages } from '../stage/attack-pages.ts';
import { handshake, knock, REFUSAL } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

/** What a page can do to an address without asking; each tells what a script may learn of the outcome. */
const ATTEMPTS: Record<string, (url: string) => Promise<string>> = {
  'fetch GET': (url) =>
    fetch(url).then(
      () => 'read',
      () => 'failed',
    ),
  'fetch POST': (url) =>
    fetch(url, { method: 'POST', body: 'order=x' }).then(
      () => 'read',
      () => 'failed',
    ),
  'fetch POST with a preflight': (url) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then(
      () => 'read',
      () => 'failed',
    ),
  'fetch with credentials': (url) =>
    fetch(url, { credentials: 'include' }).then(
      () => 'read',
      () => 'failed',
    ),
  'fetch no-cors': async (url) => {
    const { type, status } = await fetch(url, { mode: 'no-cors', method: 'POST', body: '{"method":"enroll"}' });
    return `${type} ${status}`;
  },
  'an image': (url) =>
    new Promise((resolve) => {
      const image = new Image();
      image.addEventListener('load', () => resolve('loaded'));
      image.addEventListener('error', () => resolve('failed'));
      image.src = url;
    }),
  'a script (JSONP)': (url) =>
    new Promise((resolve) => {
      const script = document.createElement('script');
      script.addEventListener('load', () => resolve('loaded'));
      script.addEventListener('error', () => resolve('failed'));
      script.src = `${url}?callback=alert`;
      document.head.append(script);
    }),
  'an EventSource': (url) =>
    new Promise((resolve) => {
      const source = new EventSource(url);
      source.addEventListener('open', () => resolve('open'));
      source.addEventListener('error', () => resolve('failed'));
    }),
  'a form in a frame': (url) =>
    new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.name = 'form-target';
      document.body.append(frame);
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action: url, target: 'form-target' });
      document.body.append(form);
      setTimeout(() => {
        let seen = 'unreadable';
        try {
          seen = frame.contentDocument?.body.textContent ?? 'unreadable';
        } catch {
          // another origin's
        }
        resolve(seen === '' ? 'nothing' : seen);
      }, 500);
      form.submit();
    }),
  'a beacon': async (url) => {
    navigator.sendBeacon(url, 'order=x');
    return 'sent';
  },
};
/** Nothing is read, loaded or opened; a no-cors answer is opaque whatever it says. */
const HARMLESS = /^(failed|opaque 0|nothing|unreadable|sent)$/;

describe('A4: requests without an upgrade', function () {
  this.timeout(60_000);
  let pages: AttackPages;
  let target: Target;
  before(async () => {
    pages = await openAttackPages();
    target = await standTarget({ origins: [pages.bankOrigin] });
  });
  after(async () => {
    await pages?.leave();
    await target?.leave();
  });
  afterEach(() => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 }));

  for (const host of ['evil.example', 'localhost'])
    for (const [name, attempt] of Object.entries(ATTEMPTS))
      it(`${name} from Chromium, by ${host === 'localhost' ? "the bank's page" : 'a strange page'}: nothing`, async () => {
        const page = await pages.visit(host);
        expect(await page.evaluate(attempt, `http://127.0.0.1:${target.port}/`)).to.match(HARMLESS);
        expect(await target.agent.enrollments.list('owner')).to.deep.equal([]);
        await page.close();
      });

  const plain = { Upgrade: undefined, Connection: 'keep-alive' };
  const PREFLIGHT = {
    ...plain,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'content-type',
    'Access-Control-Request-Private-Network': 'true',
  };
  for (const [line, change] of [
    ['GET / HTTP/1.1', plain],
    ['POST / HTTP/1.1', { ...plain, 'Content-Type': 'text/plain', 'Content-Length': '0' }],
    ['POST /enroll HTTP/1.1', { ...plain, 'Content-Type': 'application/json', 'Content-Length': '0' }],
    ['OPTIONS / HTTP/1.1', PREFLIGHT],
  ] as const)
    it(`${line} as bytes: the fixed 403, an empty body, no CORS header, no cookie`, async () => {
      for (const origin of [ORIGIN, 'https://evil.example'])
        expect(await knock(target.port, handshake(target.port, origin, change, line))).to.equal(REFUSAL);
      expect(REFUSAL).not.to.match(/access-control|set-cookie/i);
    });
});
