/** What the agent tells a page without being asked (JSON-RPC notifications). */
import type * as v from 'valibot';
import { enrollmentStatus } from './methods.ts';

export const EVENTS = {
  /** To every connection of the enrollment's origin that started or watches it; only names of states. */
  progress: enrollmentStatus,
} as const;

export type EventName = keyof typeof EVENTS;
export type EventParams<E extends EventName> = v.InferOutput<(typeof EVENTS)[E]>;
