/** What a page has done at once: each act with the profiles as they are now, its room loaded when it is first asked for. */
import type { Ports } from './enrollment/ports.ts';
import type { Acts } from './methods/desktop.ts';
import type { ProfileBook } from './profiles.ts';

export function actsOn(ports: Ports, profiles: ProfileBook, version: string): Acts {
  return {
    async authenticate(order, origin, signal) {
      const { authenticate } = await import('./authentication/authenticate.ts');
      const { onceInserted } = await import('./enrollment/insertion.ts');
      return await authenticate(order, origin, {
        ports,
        profiles: await profiles.read(),
        version,
        onceInserted: (plan, work) => onceInserted(plan, ports, signal, work),
        signal,
      });
    },
    async remove(order, origin, signal) {
      const { removePair } = await import('./enrollment/removal.ts');
      await removePair(order, origin, await profiles.read(), ports, signal);
    },
  };
}
