/**
 * The states of a page's way to the agent. Only the SDK knows them: whether the browser lets the page connect, and whether
 * an agent answers.
 */
import type { Retry } from '../protocol/errors.ts';

/** States on the way to the agent that are not failures. */
type Step = 'explain' | 'asking' | 'ready';

/** Why the agent cannot be reached, or why the connection can no longer be used. */
export type Obstacle =
  | 'unsupported'
  | 'denied'
  | 'dismissed'
  | 'not-running'
  | 'outdated'
  | 'disconnected'
  | 'abandoned'
  | 'answer-invalid';

/** The state of a page's way to the agent on this computer. */
export type BridgeState = Step | Obstacle;

/** Support codes as in `protocol/errors.ts`; S is the SDK's family. */
export const OBSTACLES = {
  unsupported: { code: 'ERR_SDK_UNSUPPORTED', retry: 'never', support: 'S01' },
  denied: { code: 'ERR_SDK_DENIED', retry: 'user', support: 'S02' },
  dismissed: { code: 'ERR_SDK_DISMISSED', retry: 'user', support: 'S03' },
  'not-running': { code: 'ERR_SDK_NOT_RUNNING', retry: 'user', support: 'S04' },
  outdated: { code: 'ERR_SDK_OUTDATED', retry: 'never', support: 'S05' },
  disconnected: { code: 'ERR_SDK_DISCONNECTED', retry: 'later', support: 'S06' },
  abandoned: { code: 'ERR_SDK_ABANDONED', retry: 'user', support: 'S07' },
  'answer-invalid': { code: 'ERR_SDK_ANSWER_INVALID', retry: 'never', support: 'S08' },
} as const satisfies Record<Obstacle, { code: string; retry: Retry; support: string }>;

export type SdkErrorCode = (typeof OBSTACLES)[Obstacle]['code'];
