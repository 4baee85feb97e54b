/**
 * The program's root: the compiled tree (`dist`) or a bundle. All files of both lie two folders below their root. So this URL is
 * right wherever the bundler puts this module.
 */
import { readFileSync } from 'node:fs';

export const PROGRAM = new URL('../../', import.meta.url);

/** The package's version (Semantic Versioning). */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('package.json', PROGRAM), 'utf8')) as { version: string };
  return manifest.version;
}
