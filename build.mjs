// Compiles all rooms (project references), lays what is not TypeScript beside the compiled files, and bundles the SDK
// and the reference bank's page scripts for browsers.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const ASSET = /\.(json|css|html|svg|png)$/;

function compile() {
  const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', root], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function copyAssets() {
  for (const room of ['agent', 'native-config', 'web-bridge', 'test']) {
    for (const entry of readdirSync(join(root, room), { recursive: true, withFileTypes: true })) {
      const source = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !ASSET.test(entry.name) || entry.name === 'tsconfig.json') continue;
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
  await build({ ...options, entryPoints: [join(sdk, 'inkan.js')], outfile: join(sdk, 'inkan.bundle.js') });
  const pages = join(dist, 'web-bridge/demo/pages');
  if (!existsSync(pages)) return;
  const scripts = readdirSync(pages).filter((name) => name.endsWith('.js'));
  await build({
    ...options,
    entryPoints: scripts.map((name) => join(pages, name)),
    outdir: join(dist, 'web-bridge/demo/public'),
  });
}

compile();
compileNullPin();
copyAssets();
await bundleForBrowsers();
