/** A folder of a test's own, gone when its suite is over: whatever works in it has been ended by then. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Made before each test of the suite that calls this. */
export function ownFolder(): () => string {
  const folders: string[] = [];
  beforeEach(async () => {
    folders.push(await mkdtemp(join(tmpdir(), 'inkan-test-')));
  });
  after(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  return () => folders.at(-1) ?? '';
}
