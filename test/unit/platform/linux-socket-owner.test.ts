import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { isForeignPeer } from '../../../agent/platform/linux-socket-owner.ts';
import { skip } from '../../stage/skip.ts';

/** Connects from another process, and to the mapped address from an IPv6 socket, as this or another user. */
const CLIENT = 'require("net").connect({ port: +process.argv[1], host: process.argv[2] }).on("error", () => {})';
const NOBODY = 65_534;

describe("a local socket's owner", function () {
  const server = createServer();
  let port = 0;
  before(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => void server.close());

  async function judge(host: string, uid?: number): Promise<boolean> {
    const env = { PATH: process.env['PATH'] };
    const options = { env, stdio: 'ignore', cwd: '/', ...(uid === undefined ? {} : { uid }) } as const;
    const child = spawn(process.execPath, ['-e', CLIENT, String(port), host], options);
    const [socket] = (await once(server, 'connection')) as [Socket];
    const foreign = await isForeignPeer({ client: socket.remotePort ?? 0, server: port });
    child.kill();
    socket.destroy();
    return foreign;
  }

  it("this user's socket is not foreign", async () => expect(await judge('127.0.0.1')).to.equal(false));
  it("this user's IPv6 socket with a mapped address is not foreign", async () => {
    expect(await judge('::ffff:127.0.0.1')).to.equal(false);
  });

  it("another user's socket is foreign", async function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      skip(this, "another user's socket is made by root, on Linux");
    expect(await judge('127.0.0.1', NOBODY)).to.equal(true);
    expect(await judge('::ffff:127.0.0.1', NOBODY)).to.equal(true);
  });

  it('a socket that is in no table is foreign', async function () {
    if (process.platform !== 'linux') skip(this, 'Linux alone tells the owner of a socket');
    const gone = connect(port, '127.0.0.1');
    await once(gone, 'connect');
    const client = gone.localPort ?? 0;
    expect(await isForeignPeer({ client, server: port })).to.equal(false);
    expect(await isForeignPeer({ client, server: port + 1 })).to.equal(true);
    gone.destroy();
  });
});
