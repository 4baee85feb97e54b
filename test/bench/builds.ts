/** Where the builds of the agent lie: the bundle that ships, and its twin that knows the scripted human. */
import { resolve } from 'node:path';

const DIST = resolve(import.meta.dirname, '../..');

export const SHIPPED = resolve(DIST, 'bundle');
export const SHIPPED_AGENT = resolve(SHIPPED, 'inkan.js');
export const SCRIPTED_AGENT = resolve(DIST, 'bundle-scripted/inkan.js');
