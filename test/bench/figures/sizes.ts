/** The size of what ships, part by part. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SHIPPED } from '../builds.ts';
import { exactly, type Figure } from '../figure.ts';

const PAGE = resolve(import.meta.dirname, '../../../web-bridge/sdk');
const SDK = join(PAGE, 'inkan.bundle.js');
const ELEMENT = join(PAGE, 'inkan-element.bundle.js');
const ADDON = resolve(import.meta.dirname, '../../../../node_modules/pkcs11js/build/Release/pkcs11.node');

/** Files of the bundle by what they belong to: each program and the pieces that it loads when it needs them. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['agent, with all that it loads lazily', /^inkan(-main)?-[A-Z0-9]{8}\.piece\.js$/],
  ['token host', /^token-host(-main)?-[A-Z0-9]{8}\.piece\.js$/],
  ['inkan-bank', /^inkan-bank(-main)?-[A-Z0-9]{8}\.piece\.js$/],
  ['what the installation compiles of all these', /\.cache$/],
];

export function sizes(): Promise<readonly Figure[]> {
  const files = readdirSync(SHIPPED, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  const bundled = PARTS.map(([what, pattern]) =>
    sizeOf(
      what,
      files.filter((name) => pattern.test(name)),
    ),
  );
  const rest = files.filter((name) => !PARTS.some(([, pattern]) => pattern.test(name)));
  return Promise.resolve([
    ...bundled,
    sizeOf('words, table of tokens, starters', rest),
    kilobytes("PKCS#11 addon (pkcs11js), this machine's", [readFileSync(ADDON)]),
    kilobytes('SDK for the page', [readFileSync(SDK)]),
    kilobytes('SDK with its element', [readFileSync(ELEMENT)]),
    kilobytes('SDK for the page, gzipped', [gzipSync(readFileSync(SDK), { level: 9 })]),
  ]);
}

function sizeOf(what: string, names: readonly string[]): Figure {
  return kilobytes(
    what,
    names.map((name) => readFileSync(join(SHIPPED, name))),
  );
}

function kilobytes(what: string, contents: readonly Buffer[]): Figure {
  const bytes = contents.reduce((sum, { length }) => sum + length, 0);
  return { what: `size: ${what}`, unit: 'kB', ours: exactly(bytes / 1000) };
}
