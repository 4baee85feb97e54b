/** A13: no CA of ours is ever put into anybody's trust store, and no private key is in what is shipped. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { inkan, serveAgent } from '../stage/served-agent.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Where Linux and its browsers keep whom they trust, and what they are told by an administrator. */
const STORES = [
  '/etc/ssl/certs',
  '/etc/ca-certificates.conf',
  '/usr/local/share/ca-certificates',
  '/etc/pki',
  '/etc/p11-kit',
  '/etc/pkcs11',
  '/etc/chromium/policies',
  '/etc/opt/chrome/policies',
  '/etc/firefox',
  '/usr/share/ca-certificates',
];

function digestOf(path: string): string {
  if (!existsSync(path)) return 'not there';
  const hash = createHash('sha256');
  const files = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }).sort() : [''];
  for (const name of files) {
    const file = join(path, name);
    hash.update(name);
    if (existsSync(file) && statSync(file).isFile()) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}
const stores = (): Record<string, string> => Object.fromEntries(STORES.map((path) => [path, digestOf(path)]));

/** What npm would pack. */
function packed(): string[] {
  const { PATH, HOME } = process.env;
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    env: { PATH, HOME, npm_config_loglevel: 'silent' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const [{ files } = { files: [] }] = JSON.parse(json) as { files: { path: string }[] }[];
  return files.map(({ path }) => path);
}

/** PEM with a body, a JWK with its private member. */
const PRIVATE = [
  /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\r\n]+(?:[A-Za-z0-9+/=]{20,}[\r\n]+)+/,
  /"d"\s*:\s*"[A-Za-z0-9_-]{40,}"/,
];

/** id-bagtypes pkcs8ShroudedKeyBag (RFC 7292 §4.2.2): a PKCS#12 with a key in it. */
const SHROUDED_KEY = Buffer.from('060b2a864886f70d010c0a0102', 'hex').toString('latin1');
const holdsPrivateKey = (text: string): boolean =>
  text.includes(SHROUDED_KEY) || PRIVATE.some((pattern) => pattern.test(text));

/** What git keeps. */
function tracked(): string[] {
  return execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n').filter(Boolean);
}

describe('A13: trust stores and shipped keys', function () {
  this.timeout(60_000);
  const folder = ownFolder();

  it('no private key is in the package, nor in the repository', () => {
    const [shipped, kept] = [packed(), tracked()];
    expect(shipped.length).to.be.greaterThan(20);
    expect(kept.length).to.be.greaterThan(200);
    const files = [...new Set([...shipped, ...kept])].filter((file) => existsSync(join(ROOT, file)));
    expect(files.filter((file) => /\.(p12|pfx|key|jks)$/.test(file))).to.deep.equal([]);
    expect(files.filter((file) => holdsPrivateKey(readFileSync(join(ROOT, file), 'latin1')))).to.deep.equal([]);
  });

  it('the search would find one', () => {
    const pem = execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    expect(holdsPrivateKey(pem.toString())).to.equal(true);
  });

  it('installed, run and removed: every trust store is as it was, and the home folder has nothing of ours', async () => {
    const before = stores();
    const home = join(folder(), 'home');
    const installed = join(folder(), 'installed');
    mkdirSync(home);
    for (const file of [
      'package.json',
      ...['package.json', 'agent', 'native-config', 'web-bridge'].map((name) => `dist/${name}`),
    ]) {
      mkdirSync(dirname(join(installed, file)), { recursive: true });
      cpSync(join(ROOT, file), join(installed, file), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
    const pc = setUpPc(folder());
    const environment = { ...pc.environment, HOME: home };
    const program = join(installed, 'dist/agent/cli/index.js');
    const served = await serveAgent(pc, { environment, program, port: 17_171 });
    await inkan({ environment }, ['tokens', '--json']);
    await inkan({ environment }, ['doctor', '--json']);
    await served.stop();
    rmSync(installed, { recursive: true });
    expect(stores()).to.deep.equal(before);
    expect(readdirSync(home)).to.deep.equal([]);
  });
});
