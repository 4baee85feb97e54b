/** A token that deletes only half of a pair, or says that it did and did not (CardOS, PivApplet): it is told (A26). */

import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { TokenDescription } from '../../agent/ports/token.ts';
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';
import { buildFaultyModule, type FaultyModule } from '../doubles/faulty-module.ts';
import { refusalOf } from '../stage/refusal.ts';
import { PIN_CONTEXT, setUpTokenTests, type TokenSetup, witness } from './token-setup.ts';

const calm = new AbortController().signal;
const deadlines = { dialogMs: 5_000, caMs: 1, pendingMs: 1, retryAtLeastMs: 1, retryAtMostMs: 1, token: {} };

describe('the removal of a pair', function () {
  this.timeout(60_000);
  let setup: TokenSetup;
  let faulty: FaultyModule;
  let token: TokenDescription;

  before(async () => {
    setup = setUpTokenTests();
    faulty = buildFaultyModule(setup.folder, ['desk']);
    setup.writePin(faulty.pin);
    setup.script({});
    [token] = (await setup.tokens([faulty.planned('')]).list(calm)) as [TokenDescription];
  });
  after(() => setup.leave());

  const classes = () => witness(faulty.planned(''), token, faulty.pin).map((object) => object.class);

  async function installed(ckaId = randomBytes(16)): Promise<CertificateDer> {
    const session = await setup.tokens([faulty.planned('')]).open(token, PIN_CONTEXT, deadlines, calm);
    const { keyType, spki } = await session.generate({ ckaId, label: 'desk', keys: ['ec-p256'] });
    const certificate = setup.certify(spki, '/CN=desk');
    await session.store({ ckaId, spki, keyType }, certificate, [], 'desk');
    await session.close();
    return certificate;
  }

  async function removed(certificate: CertificateDer, plan: string): Promise<number> {
    const asked = { ...PIN_CONTEXT, purpose: 'remove' } as const;
    const session = await setup.tokens([faulty.planned(plan)]).open(token, asked, deadlines, calm);
    try {
      return (await session.remove(certificate)).left;
    } finally {
      await session.close();
    }
  }

  const WHOLE = ['private', 'public', 'certificate'];
  const HALVES: readonly [string, string, readonly string[]][] = [
    ['refuses to destroy the private key', 'C_DestroyObject:1:0x1b', WHOLE],
    ['refuses to destroy the public key', 'C_DestroyObject:2:0x1b', ['public', 'certificate']],
    ['refuses to destroy the certificate', 'C_DestroyObject:3:0x1b', ['certificate']],
    ['says that it destroyed them, and did not', 'C_DestroyObject:*:0x0', WHOLE],
    ['destroys what it says that it did not', 'C_DestroyObject:*:late-0x5', []],
  ];
  for (const [does, plan, left] of HALVES)
    it(`counts what is left where the token ${does}; asked again, it takes the rest`, async () => {
      const certificate = await installed();
      expect(await removed(certificate, plan)).to.equal(left.length);
      expect(classes()).to.have.members([...left]);
      if (left.length > 0) expect(await removed(certificate, '')).to.equal(0);
      expect(classes()).to.deep.equal([]);
    });

  // The last: what it leaves on the token can be removed no more.
  it('is refused where another certificate on the token is of the same key, and nothing is destroyed', async () => {
    const ckaId = randomBytes(16);
    const session = await setup.tokens([faulty.planned('')]).open(token, PIN_CONTEXT, deadlines, calm);
    const { keyType, spki } = await session.generate({ ckaId, label: 'desk', keys: ['ec-p256'] });
    const [one, other] = ['/CN=one', '/CN=other'].map((subject) => setup.certify(spki, subject)) as [
      CertificateDer,
      CertificateDer,
    ];
    for (const certificate of [one, other]) await session.store({ ckaId, spki, keyType }, certificate, [], 'desk');
    await session.close();
    expect(await refusalOf(removed(one, ''))).to.equal('ERR_POLICY_REMOVAL_REFUSED');
    expect(classes()).to.have.members(['private', 'public', 'certificate', 'certificate']);
  });
});
