/** What `inkan doctor` says of ports, browsers and the clock, and what of a path it may tell the bank. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { allowedBy, namedByChromium, namedByFirefox } from '../../../agent/browser-policy.ts';
import { usbReaders } from '../../../agent/readers.ts';
import { shareableDetails, shareablePath } from '../../../agent/shareable.ts';
import { clockIsRight, portsAreOurs } from '../../../agent/surroundings.ts';
import type { Profile } from '../../../native-config/schema.ts';
import { PORTS } from '../../../web-bridge/protocol/address.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { type Authority, makeAuthority, makeTlsIdentity } from '../../stage/authority.ts';
import { skip } from '../../stage/skip.ts';
import { type StageServer, startServer } from '../ca/server.ts';

describe('the surroundings of an agent', () => {
  describe('clock', () => {
    let authority: Authority;
    let server: StageServer;
    before(async () => {
      authority = await makeAuthority();
      server = await startServer(await makeTlsIdentity(authority.issuing));
    });
    after(() => server.close());

    const facts = async (offMs: number, trusted = authority.root.pem) => {
      const date = new Date(Date.now() - offMs).toUTCString();
      server.answerBy((response) => response.writeHead(404, { date }).end());
      const service = { url: `${server.url}/est`, trustAnchors: [trusted] };
      return clockIsRight([{ id: 'bank', enrollment: { staff: service } } as unknown as Profile]);
    };

    it("is right within an order's five minutes of the CA's Date, whatever else the CA answers", async () => {
      const [fact] = await facts(4 * 60_000);
      expect(fact)
        .to.have.property('shared')
        .that.matches(/^\+2(39|4[01]) s$/);
      expect(fact).to.not.have.property('wrong');
      expect(server.seen.at(-1)).to.include({ method: 'GET', url: '/est/cacerts' });
    });

    it('is wrong beyond, both ways', async () => {
      for (const off of [6 * 60_000, -6 * 60_000]) {
        const [fact] = await facts(off);
        expect(fact).to.include({ wrong: true });
        expect(fact).to.deep.include({ remarks: ['clockWrong'] });
      }
    });

    it("is not told by a server that the profile's anchors do not certify", async () => {
      const [fact] = await facts(0, (await makeAuthority()).root.pem);
      expect(fact).to.have.property('note').that.is.instanceOf(AgentError);
      expect((fact as { note: AgentError }).note.code).to.equal('ERR_CA_TLS_UNTRUSTED');
    });
  });

  it('counts a port as ours only while the service runs, and as taken otherwise', async function () {
    const blocker: Server = createServer();
    const [first] = PORTS;
    const blocked = await new Promise<boolean>((done) => {
      blocker.once('error', () => done(false)).listen(first, '127.0.0.1', () => done(true));
    });
    if (!blocked) skip(this, 'the port that is to be taken is taken by something else');
    const remarks = async (serving: boolean) =>
      (await portsAreOurs(serving)).map((fact) => 'remarks' in fact && fact.remarks?.[0]);
    try {
      expect((await remarks(true))[0]).to.equal('ours');
      expect((await remarks(false))[0]).to.equal('foreign');
    } finally {
      blocker.close();
    }
    expect(await remarks(false)).to.include('free');
  });

  it("reads the browsers' policies that we offer as allowing the bank's site, and no other", () => {
    const read = (name: string): unknown =>
      JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../../native-config/browser', name), 'utf8'));
    const origins = ['https://www.bank.example', 'https://other.example', 'https://www.bank.example.evil.example'];
    for (const names of [namedByChromium(read('chromium-policy.json')), namedByFirefox(read('firefox-policies.json'))])
      expect(allowedBy(names, origins)).to.deep.equal([origins[0]]);
    expect(allowedBy(['*'], origins)).to.deep.equal(origins);
    expect(allowedBy(['https://[*.]bank.example'], origins)).to.deep.equal([origins[0]]);
    expect(allowedBy(['[*.]ank.example'], origins)).to.deep.equal([]);
    for (const odd of [null, 7, [], { LoopbackNetworkAllowedForUrls: 'https://www.bank.example' }, { policies: null }])
      expect([...namedByChromium(odd), ...namedByFirefox(odd)]).to.deep.equal([]);
  });

  it('sees readers on USB by their class, without their serial numbers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inkan-usb-'));
    const device = (name: string, attributes: Record<string, string>): void => {
      mkdirSync(join(folder, name));
      for (const [file, text] of Object.entries(attributes)) writeFileSync(join(folder, name, file), `${text}\n`);
    };
    device('1-2', { manufacturer: 'Maker', product: 'Key 5', idVendor: '1050', idProduct: '0407', serial: '73915846' });
    device('1-2:1.0', { bInterfaceClass: '03' });
    device('1-2:1.1', { bInterfaceClass: '0b' });
    device('1-2:1.2', { bInterfaceClass: '0b' });
    device('1-3', { product: 'Mouse', idVendor: '1111', idProduct: '2222' });
    device('1-3:1.0', { bInterfaceClass: '03' });
    expect(await usbReaders(folder)).to.deep.equal(['Maker Key 5  1050:0407']);
    expect(await usbReaders(join(folder, 'none'))).to.deep.equal([]);
    rmSync(folder, { recursive: true });
  });

  it('tells the bank the paths that installers use, and no other', () => {
    for (const path of ['/usr/lib/a.so', '/opt/b.so', 'C:\\Windows\\System32\\c.dll', '/Library/OpenSC/lib/d.so'])
      expect(shareablePath(path)).to.equal(path);
    for (const path of [
      '/home/hanako/a.so',
      '/Users/hanako/a.dylib',
      'C:\\Users\\hanako\\a.dll',
      '/tmp/a.so',
      '',
      'usr/lib/a.so',
    ])
      expect(shareablePath(path)).to.equal('…');
    const details = {
      module: '/home/hanako/a.so',
      rv: 'CKR_GENERAL_ERROR',
      label: 'hanako',
      reason: '/home/hanako may be written by others',
    };
    expect(shareableDetails(details)).to.equal('…  CKR_GENERAL_ERROR  … may be written by others');
  });
});
