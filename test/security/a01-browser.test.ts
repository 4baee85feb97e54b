/** A1 in a real Chromium: frames without an origin, workers, file: pages, http pages, strange sites; and the bank's page. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AttackPages, addFrame, openAttackPages, tryInWorker, tryWebSocket } from '../stage/attack-pages.ts';
import { standTarget, type Target } from '../stage/target.ts';

describe('A1 in Chromium', function () {
  this.timeout(60_000);
  let pages: AttackPages;
  let target: Target;
  let bridge: string;
  const open = async (isPublic: boolean): Promise<void> => {
    pages = await openAttackPages({ isPublic });
    target = await standTarget({ origins: [pages.bankOrigin] });
    bridge = `ws://127.0.0.1:${target.port}`;
  };
  const close = async (): Promise<void> => {
    await pages?.leave();
    await target?.leave();
  };
  const untouched = () => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });

  describe('from pages in the address space of this machine, where the browser asks nothing', () => {
    before(() => open(false));
    after(close);
    afterEach(untouched);

    it("opens for the bank's page, and for its worker: so that the rest of this can fail", async () => {
      const page = await pages.visit('localhost');
      expect(await tryWebSocket(page, bridge)).to.equal('open');
      expect(await tryInWorker(page, bridge)).to.equal('open');
    });

    for (const host of ['evil.example', 'www.bank.example', '127.0.0.1'])
      it(`is refused to a page of http://${host}, and to its worker`, async () => {
        const page = await pages.visit(host);
        expect(await tryWebSocket(page, bridge)).to.equal('error');
        expect(await tryInWorker(page, bridge)).to.equal('error');
      });

    it("is refused to frames that have no origin, even on the bank's own page", async () => {
      const page = await pages.visit('localhost');
      const empty = '<!doctype html><title>frame</title>';
      for (const attributes of [
        { sandbox: 'allow-scripts', srcdoc: empty },
        { sandbox: 'allow-scripts allow-forms allow-popups', src: pages.bankOrigin },
        { src: `data:text/html,${encodeURIComponent(empty)}` },
      ])
        expect(await tryWebSocket(await addFrame(page, attributes), bridge)).to.equal('error');
    });

    it('is refused to a file: page', async () => {
      const file = join(pages.folder, 'page.html');
      writeFileSync(file, '<!doctype html><title>file</title>');
      const page = await pages.browser.newPage();
      await page.goto(`file://${file}`);
      expect(await tryWebSocket(page, bridge)).to.equal('error');
    });
  });

  describe('from pages in public address space, without the permission', () => {
    before(() => open(true));
    after(close);
    afterEach(untouched);

    it("is out of reach of the bank's page in a stranger's frame that does not hand the permission on", async () => {
      const page = await pages.visit('evil.example');
      const frame = await addFrame(page, { src: pages.bankOrigin });
      expect(await tryWebSocket(frame, bridge)).to.equal('error');
    });

    it("opens for the bank's page once its user has allowed it", async () => {
      await pages.browser.grantPermissions(['local-network-access'], { origin: pages.bankOrigin });
      expect(await tryWebSocket(await pages.visit('localhost'), bridge)).to.equal('open');
    });
  });
});
