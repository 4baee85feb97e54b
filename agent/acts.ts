/** What a page has done at once: each act with the profiles as they are now. */
import { authenticate } from './authentication/authenticate.ts';
import type { Ports } from './enrollment/ports.ts';
import { removePair } from './enrollment/removal.ts';
import type { Acts } from './methods/desktop.ts';
import type { ProfileBook } from './profiles.ts';

export function actsOn(ports: Ports, profiles: ProfileBook, version: string): Acts {
  return {
    authenticate: async (order, origin, signal) =>
      authenticate(order, origin, { ports, profiles: await profiles.read(), version, signal }),
    remove: async (order, origin, signal) => removePair(order, origin, await profiles.read(), ports, signal),
  };
}
