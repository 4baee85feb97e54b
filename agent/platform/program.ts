/**
 * Where the program lies: the root of the compiled tree (`dist`) or of a bundle. All files of both lie two folders below it, so
 * that this address is right wherever the bundler puts this module.
 */
import { readFileSync } from 'node:fs';

export const PROGRAM = new URL('../../', import.meta.url);

/** Of the package (Semantic Versioning). */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('package.json', PROGRAM), 'utf8')) as { version: string };
  return manifest.version;
}
