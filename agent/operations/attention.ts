/**
 * The right to ask the human. One task of the agent holds it at a time, so that one dialog is open at a time (A17). A page whose
 * requests the human refused several times does not get it for a while (A18).
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
