/** Where the builds of the agent lie: the bundle that ships, its twin that knows the scripted human, and what only the bench runs. */
import { resolve } from 'node:path';

const DIST = resolve(import.meta.dirname, '../..');

export const SHIPPED = resolve(DIST, 'bundle');
export const SHIPPED_AGENT = resolve(SHIPPED, 'agent/cli/index.js');
export const SCRIPTED_AGENT = resolve(DIST, 'bundle-scripted/agent/cli/index.js');
export const LISTING_HOST = resolve(DIST, 'bundle-bench/test/bench/listing-host.js');
