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
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

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

/** Entry of the bundle → compiled file. The token host is forked by its file. */
const PROGRAMS = {
  inkan: 'agent/cli/index.js',
  'token-host': 'agent/token-host/main.js',
  'inkan-bank': 'web-bridge/bank/cli.js',
};
/** In the bundle all lies in one folder: these files look for others by their own place. Each must be found once. */
const MOVED = {
  'agent/token/token-host.js': ["'../token-host/main.js'", "'./token-host.js'"],
  'agent/cli/program.js': ["'../../../package.json'", "'../../package.json'"],
};
const BUNDLED_ASSETS = { 'agent/dialog/locales': 'locales', 'native-config/tokens': 'tokens' };
/** Stands where the scripted human stood: what ships knows none, whatever its arguments say. */
const NO_SCRIPT = `import { AgentError } from '../../web-bridge/protocol/errors.js';
export const scriptedDialog = () => { throw new AgentError('ERR_POLICY_SCRIPTED_HUMAN_REFUSED', {}); };`;

const moved = {
  name: 'moved',
  setup(plugin) {
    for (const [file, [from, to]] of Object.entries(MOVED)) {
      plugin.onLoad({ filter: new RegExp(`/dist/${file.replaceAll('.', '\\.')}$`) }, ({ path }) => {
        const parts = readFileSync(path, 'utf8').split(from);
        if (parts.length !== 2) throw new Error(`${file} no longer says ${from} once`);
        return { contents: parts.join(to) };
      });
    }
  },
};
const withoutScript = {
  name: 'without-script',
  setup(plugin) {
    plugin.onLoad({ filter: /\/agent\/dialog\/scripted\.js$/ }, () => ({ contents: NO_SCRIPT }));
  },
};

const LATER = /\bimport\('(\.[^']+\.js)'\)/g;
/**
 * What the agent's rooms import() comes as one piece, the rest: left to itself, esbuild makes a file of every set of
 * pieces that share a module, and reading those thirty files costs a start more than it saves. No part may await at its
 * top what needs another part.
 */
const restInOnePiece = {
  name: 'rest-in-one-piece',
  setup(plugin) {
    const rooms = join(dist, 'agent');
    const sources = readdirSync(rooms, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js') && !name.startsWith('token-host/'))
      .map((name) => join(rooms, name));
    const targets = (file) =>
      [...readFileSync(file, 'utf8').matchAll(LATER)].map(([, path]) => join(dirname(file), path));
    const parts = [...new Set(sources.flatMap(targets))];
    const inRest = (file) => `import('inkan:rest').then((rest) => rest.part${parts.indexOf(file)})`;
    const contents = parts.map((file, at) => `export * as part${at} from ${JSON.stringify(file)};`).join('\n');
    plugin.onResolve({ filter: /^inkan:rest$/ }, () => ({ path: 'rest', namespace: 'inkan' }));
    plugin.onLoad({ filter: /./, namespace: 'inkan' }, () => ({ contents, resolveDir: dist }));
    plugin.onLoad({ filter: /\/dist\/agent\/.*\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      return { contents: text.replace(LATER, (_, target) => inRest(join(dirname(path), target))) };
    });
  },
};

/** ws brings a client along, and compression, which we never offer: what they alone need is loaded if they ever run. */
const withoutClient = {
  name: 'without-client',
  setup(plugin) {
    plugin.onResolve({ filter: /^(https|tls|zlib)$/ }, ({ path, importer }) =>
      /\/node_modules\/ws\//.test(importer) ? { path, namespace: 'later' } : undefined,
    );
    plugin.onLoad({ filter: /./, namespace: 'later' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require('node:${path}')[name] });`,
    }));
  },
};

/**
 * pkcs11js is a native addon and stays a package. It has 658 members, and esbuild would copy them into an object of its own
 * for each of the twenty files that import it: half of a token host's start. So one file imports it for all.
 */
const addonOnce = {
  name: 'addon-once',
  setup(plugin) {
    plugin.onResolve({ filter: /^pkcs11js$/ }, ({ namespace }) =>
      namespace === 'addon' ? { path: 'pkcs11js', external: true } : { path: 'pkcs11js', namespace: 'addon' },
    );
    plugin.onLoad({ filter: /./, namespace: 'addon' }, ({ path }) => ({
      contents: `export default require('${path}');`,
    }));
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
  // ws would look through the folders above for packages of native code, and load what lies there.
  define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
  // Loaded by import(): of a bundled CommonJS module that would bring `default` alone, so the ES build must be taken.
  mainFields: ['module', 'main'],
  conditions: ['module'],
  write: false,
};
/** esbuild splits ES modules only, and a start is quicker without Node's loader of those. */
const PIECE = {
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'importMetaUrl' },
};

/** As `load.cjs` takes it. */
async function pieceOf(text) {
  const { code } = await transform(text.replace(/^#!.*\n/, ''), PIECE);
  if (Buffer.byteLength(code) !== code.length) throw new Error('a piece of the bundle is not ASCII');
  return `(function(exports,require,module,importMetaUrl){'use strict';${code}})\n`;
}

/** One program as it ships: pieces, so that a start loads what it needs, and the file that loads the first of them. */
async function bundleProgram(outdir, name, file, plugins) {
  // Each by itself: what programs share would be split into many small files, and each costs its start half a millisecond.
  const { outputFiles } = await build({
    ...NODE_BUNDLE,
    entryPoints: { [name]: join(dist, file) },
    entryNames: `[name]-main-[hash].piece`,
    chunkNames: `${name}-[hash].piece`,
    outdir,
    plugins: [...plugins, addonOnce],
  });
  for (const { path, text } of outputFiles) writeFileSync(path, await pieceOf(text));
  const first = outputFiles.map(({ path }) => basename(path)).find((path) => path.startsWith(`${name}-main-`));
  writeProgram(join(outdir, `${name}.js`), `require('./load.js').load('${first}');`);
}

function writeProgram(file, code) {
  writeFileSync(file, `#!/usr/bin/env node\n${code}\n`);
  chmodSync(file, 0o755);
}

async function bundlePrograms(folder, programs, plugins) {
  const outdir = join(dist, folder);
  emptyCommonJsFolder(outdir);
  cpSync(join(root, 'agent/bundle/load.cjs'), join(outdir, 'load.js'));
  for (const [name, file] of Object.entries(programs))
    await bundleProgram(outdir, name, file, name === 'inkan' ? [...plugins, restInOnePiece, withoutClient] : plugins);
  for (const [from, to] of Object.entries(BUNDLED_ASSETS))
    cpSync(join(dist, from), join(outdir, to), { recursive: true, filter: (name) => !/\.(js|ts|map)$/.test(name) });
  const nullPin = join(dist, 'agent/token-host/null-pin.so');
  if (existsSync(nullPin)) cpSync(nullPin, join(outdir, 'null-pin.so'));
  // A process of its own, without the flags and variables of this one.
  spawnSync(process.execPath, [join(root, 'agent/bundle/compile.cjs'), outdir], { stdio: 'inherit', env: {} });
}

/** The package says that a .js is an ES module; a folder may say otherwise. */
function emptyCommonJsFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
}

/** What the package's names start: in a checkout the bundle that CI can script, in a package (`--ship`) the other. */
function writeStarters(bundle) {
  emptyCommonJsFolder(join(dist, 'bin'));
  for (const name of ['inkan', 'inkan-bank'])
    writeProgram(join(dist, 'bin', `${name}.js`), `require('../${bundle}/${name}.js');`);
}

compile();
compileNullPin();
copyAssets();
await bundleForBrowsers();
await bundlePrograms('bundle', PROGRAMS, [moved, withoutScript]);
// The same with the scripted human, for a checkout, tests, the bench and containers: nobody installs it.
await bundlePrograms('bundle-scripted', PROGRAMS, [moved]);
await bundlePrograms('bundle-bench', { 'listing-host': 'test/bench/listing-host.js' }, [moved]);
writeStarters(process.argv.includes('--ship') ? 'bundle' : 'bundle-scripted');
