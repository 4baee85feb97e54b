import { expect } from 'chai';
import { checkClocks } from '../../../agent/doctor/clock.ts';
import type { Profile } from '../../../native-config/schema.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { type Authority, makeAuthority, makeTlsIdentity } from '../../stage/authority.ts';
import { type StageServer, startServer } from '../ca/server.ts';

describe('doctor: the clock of this PC', () => {
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
    const service = { protocol: 'est', url: `${server.url}/est`, trustAnchors: [trusted] };
    return checkClocks([{ id: 'bank', enrollment: { staff: service } } as unknown as Profile]);
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
