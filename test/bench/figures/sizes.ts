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

/** A chunk's name does not tell whose it is, so all code is one figure. */
export function sizes(): Promise<readonly Figure[]> {
  const files = readdirSync(SHIPPED, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  return Promise.resolve([
    sizeOf(
      'agent, token host and inkan-bank',
      files.filter((name) => name.endsWith('.js')),
    ),
    sizeOf(
      'words, table of tokens',
      files.filter((name) => !name.endsWith('.js')),
    ),
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
