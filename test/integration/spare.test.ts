/** A served agent and the process that it has ready: for a bank's page, for nobody else, and gone with the agent. */
import { expect } from 'chai';
import { childrenOf, isGone, until } from '../contract/processes.ts';
import { setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { call, handshake, knockOnce, openPage } from '../stage/knock.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import { ORIGIN, openTestBank } from '../stage/test-bank.ts';

describe('integration: a spare token host', () => {
  const folder = ownFolder();
  let agent: ServedAgent;
  beforeEach(async () => {
    const pc = setUpPc(folder());
    pc.addProfile((await openTestBank({ test: true })).profile);
    agent = await serveAgent(pc);
  });
  afterEach(() => agent.stop());

  const hosts = (): number[] => childrenOf(agent.process.pid!).filter((pid) => !isGone(pid));

  it('is started for the page of a bank, once, and ends with the agent', async () => {
    expect(hosts()).to.deep.equal([]);
    const page = await openPage(agent.port, ORIGIN);
    for (let times = 0; times < 3; times += 1) await call(page, 'hello', {});
    await until('the spare is there', () => hosts().length === 1, 5_000);
    await call(page, 'hello', {});
    const spare = hosts();
    expect(spare).to.have.lengthOf(1);
    page.terminate();
    await agent.stop();
    expect(isGone(spare[0]!)).to.equal(true);
  });

  it('is not started for a stranger', async () => {
    expect(await knockOnce(agent.port, handshake(agent.port, 'https://evil.example'))).to.include('403');
    expect(hosts()).to.deep.equal([]);
  });
});
