/** A15: the port is somebody else's, somebody else knocks, or there are two of us: clear words, and no unsafe way on. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { PORTS } from '../../web-bridge/protocol/address.ts';
import { setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { handshake, knockOnce, REFUSAL } from '../stage/knock.ts';
import { serveAgent } from '../stage/served-agent.ts';
import { skip } from '../stage/skip.ts';
import { standTarget } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

const INKAN = resolve(import.meta.dirname, '../../agent/cli/index.js');
const NOBODY = '65534';
const SETPRIV = '/usr/bin/setpriv';

/** Sends what it is given and prints the answer, as another user. */
const STRANGER = `
  const [port, text] = process.argv.slice(1);
  require('net').connect(+port, '127.0.0.1').on('error', () => {}).on('data', (data) => {
    process.stdout.write(data.toString('latin1'));
    process.exit();
  }).on('close', () => process.exit()).write(Buffer.from(text, 'base64'));
`;

function listen(port: number): Promise<Server> {
  const server = createServer((socket) => void socket.on('error', () => {}).end('not the agent\r\n'));
  return new Promise((listening, failed) =>
    server.once('error', failed).listen(port, '127.0.0.1', () => listening(server)),
  );
}

describe('A15: the port', function () {
  this.timeout(30_000);
  const folder = ownFolder();
  const squatters: Server[] = [];
  let holder: ChildProcess | undefined;
  afterEach(() => {
    for (const server of squatters.splice(0)) server.close();
    holder?.kill();
    holder = undefined;
  });

  it('is taken, all three of them: PORT_TAKEN in words, an end, and nothing listens elsewhere', async () => {
    for (const port of PORTS) squatters.push(await listen(port));
    const { environment, script } = setUpPc(folder());
    const args = [INKAN, 'serve', '--allow-root', '--scripted-human', script];
    const said = spawnSync(process.execPath, args, { env: environment, encoding: 'utf8', timeout: 15_000 });
    expect(said.status).to.equal(1);
    expect(said.stderr).to.include('ERR_BRIDGE_PORT_TAKEN').and.include('B08').and.include(PORTS.join(', '));
    expect(said.stdout).not.to.include('ws://');
  });

  it('is taken, the first one: the agent goes on at a spare, and is the only one that speaks inkan.v1', async () => {
    squatters.push(await listen(PORTS[0]));
    const served = await serveAgent(setUpPc(folder()));
    expect(served.port).to.equal(PORTS[1]);
    expect(await knockOnce(PORTS[0], handshake(PORTS[0], ORIGIN))).to.equal('not the agent');
    await served.stop();
  });

  it('of another user’s agent is its own: the second user gets a spare', async function () {
    if (process.getuid?.() !== 0 || !existsSync(SETPRIV)) skip(this, 'a second user is become by root, with setpriv');
    const code = `require('net').createServer().listen(${PORTS[0]}, '127.0.0.1', () => console.log('listening'))`;
    holder = spawn(SETPRIV, ['--reuid', NOBODY, '--clear-groups', process.execPath, '-e', code], {
      env: {},
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(holder.stdout as NodeJS.ReadableStream, 'data');
    const served = await serveAgent(setUpPc(folder()));
    expect(served.port).to.equal(PORTS[1]);
    await served.stop();
  });

  it("of ours is closed to another user's socket, whatever Origin it claims", async function () {
    if (process.getuid?.() !== 0 || !existsSync(SETPRIV)) skip(this, 'a second user is become by root, with setpriv');
    const target = await standTarget();
    const knock = (...as: string[]): Promise<string> => {
      const text = Buffer.from(handshake(target.port, ORIGIN)).toString('base64');
      const [command, ...args] = [...as, process.execPath, '-e', STRANGER, String(target.port), text];
      const child = spawn(command ?? '', args, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
      let said = '';
      child.stdout.setEncoding('latin1').on('data', (part: string) => (said += part));
      return once(child, 'close').then(() => said);
    };
    expect(await knock()).to.match(/^HTTP\/1\.1 101 /);
    expect(await knock(SETPRIV, '--reuid', NOBODY, '--clear-groups')).to.equal(REFUSAL);
    expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
    await target.leave();
  });

  it('is not opened twice by one user: the second agent says that one is running, and ends', async () => {
    const pc = setUpPc(folder());
    const first = await serveAgent(pc);
    const args = [INKAN, 'serve', '--allow-root', '--scripted-human', pc.script];
    const second = spawnSync(process.execPath, args, { env: pc.environment, encoding: 'utf8', timeout: 15_000 });
    expect(second.status).to.equal(1);
    expect(second.stderr).to.include('ERR_INTERNAL_ALREADY_RUNNING').and.include('I06');
    expect(await knockOnce(first.port, handshake(first.port, 'https://evil.example'))).to.equal(
      'HTTP/1.1 403 Forbidden',
    );
    await first.stop();
  });
});
