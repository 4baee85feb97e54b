// Compiles all rooms (project references), lays what is not TypeScript beside the compiled files, bundles the SDK and
// the reference bank's page scripts for browsers, and bundles the agent as it ships.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const ASSET = /\.(json|css|html|svg|png)$/;
/** These are about the sources. */
const NO_ASSETS = ['tsconfig.json', 'package.json'];

function compile() {
  const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', root], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function copyAssets() {
  for (const room of ['agent', 'native-config', 'web-bridge', 'test']) {
    for (const entry of readdirSync(join(root, room), { recursive: true, withFileTypes: true })) {
      const source = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !ASSET.test(entry.name) || NO_ASSETS.includes(entry.name)) continue;
      const target = join(dist, source.slice(root.length + 1));
      mkdirSync(dirname(target), { recursive: true });
      cpSync(source, target);
    }
  }
}

/** The one piece of C: passes NULL_PTR where pkcs11js cannot. pkcs11js itself needs a compiler, so there is one. */
function compileNullPin() {
  if (process.platform === 'win32') return;
  const library = join(dist, 'agent/token-host/null-pin.so');
  const source = join(root, 'agent/token-host/null-pin.c');
  if (existsSync(library) && statSync(library).mtimeMs > statSync(source).mtimeMs) return;
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Werror'];
  const { status } = spawnSync('cc', [...flags, '-o', library, source, '-ldl'], { stdio: 'inherit' });
  if (status !== 0) console.error('null-pin.c was not compiled: PIN pads will be asked by an empty PIN');
}

async function bundleForBrowsers() {
  const options = { bundle: true, format: 'esm', target: 'es2022', minify: true, sourcemap: true, logLevel: 'warning' };
  const sdk = join(dist, 'web-bridge/sdk');
  for (const entry of ['inkan', 'inkan-element'])
    await build({ ...options, entryPoints: [join(sdk, `${entry}.js`)], outfile: join(sdk, `${entry}.bundle.js`) });
  const pages = join(dist, 'web-bridge/demo/pages');
  if (!existsSync(pages)) return;
  const scripts = readdirSync(pages).filter((name) => name.endsWith('.js'));
  await build({
    ...options,
    entryPoints: scripts.map((name) => join(pages, name)),
    outdir: join(dist, 'web-bridge/demo/public'),
  });
}

const COMMAND_LINE = 'agent/cli/index.js';
const PROGRAMS = [COMMAND_LINE, 'agent/token-host/main.js', 'web-bridge/bank/cli.js'];
/** What the programs read at run time. They find it by the same names in `dist` and in a bundle (`agent/platform/program.ts`). */
const READ = ['package.json', 'agent/dialog/locales', 'native-config/tokens', 'agent/token-host/null-pin.so'];
/** Stands where the scripted human stood: what ships knows none, whatever its arguments say. */
const NO_SCRIPT = `import { AgentError } from '../../web-bridge/protocol/errors.js';
export const scriptedDialog = () => { throw new AgentError('ERR_POLICY_SCRIPTED_HUMAN_REFUSED', {}); };`;

const withoutScript = {
  name: 'without-script',
  setup(plugin) {
    plugin.onLoad({ filter: /\/agent\/dialog\/scripted\.js$/ }, () => ({ contents: NO_SCRIPT }));
  },
};

const NODE_BUNDLE = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  logLevel: 'warning',
  legalComments: 'none',
  outbase: dist,
  // Two folders deep, as in `dist`, so that every file finds the same things by the same relative names.
  entryNames: '[dir]/[name]',
  chunkNames: 'agent/chunks/[name]-[hash]',
  // A native addon stays a package.
  external: ['pkcs11js'],
  // ws is CommonJS and asks for Node's modules by require().
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  // ws would look through the folders above for packages of native code, and load what lies there.
  define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
  // Loaded by import(): of a bundled CommonJS module that would bring `default` alone, so the ES build must be taken.
  mainFields: ['module', 'main'],
  conditions: ['module'],
};

async function bundlePrograms(folder, programs, plugins) {
  const outdir = join(dist, folder);
  rmSync(outdir, { recursive: true, force: true });
  // Each program by itself. What programs share would be split into many small files, and each of those costs a start time.
  for (const file of programs) await build({ ...NODE_BUNDLE, entryPoints: [join(dist, file)], outdir, plugins });
  for (const name of READ) {
    if (existsSync(join(dist, name))) cpSync(join(dist, name), join(outdir, name), { recursive: true, filter: isRead });
  }
}

const isRead = (name) => !/\.(js|ts|map)$/.test(name);

/** The compiled tree, and each bundle, say who they are. */
function writeManifest() {
  const { name, version, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name, version, type }, null, 2)}\n`);
}

/** What the package's names start: in a checkout the bundle that CI can script, in a package (`--ship`) the other. */
function writeStarters(bundle) {
  const bin = join(dist, 'bin');
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  for (const [name, program] of [
    ['inkan', COMMAND_LINE],
    ['inkan-bank', 'web-bridge/bank/cli.js'],
  ]) {
    writeFileSync(join(bin, `${name}.js`), `#!/usr/bin/env node\nimport '../${bundle}/${program}';\n`);
    chmodSync(join(bin, `${name}.js`), 0o755);
  }
}

compile();
compileNullPin();
copyAssets();
writeManifest();
await bundleForBrowsers();
await bundlePrograms('bundle', PROGRAMS, [withoutScript]);
// The same with the scripted human, for a checkout, tests, the bench and containers: nobody installs it.
await bundlePrograms('bundle-scripted', PROGRAMS, []);
await bundlePrograms('bundle-bench', ['test/bench/listing-host.js'], []);
writeStarters(process.argv.includes('--ship') ? 'bundle' : 'bundle-scripted');
