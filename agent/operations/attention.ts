/**
 * The human's attention, of which there is one: a question at a time for the whole agent (A17), and for a while none to a
 * page that was refused again and again (A18).
 */

import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Attention } from '../ports/human.ts';
import { createCoolDown } from './cool-down.ts';

export function createAttention(now: () => number): Attention {
  const coolDown = createCoolDown(now);
  let holder: object | undefined;
  return {
    take(origin) {
      coolDown.check(origin);
      if (holder) throw new AgentError('ERR_BRIDGE_BUSY');
      const own = (holder = {});
      return {
        approved: () => coolDown.approved(origin),
        refused: () => coolDown.refused(origin),
        release: () => {
          if (holder === own) holder = undefined;
        },
      };
    },
  };
}
