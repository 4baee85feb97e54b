/** The events that the agent sends to pages (JSON-RPC notifications). */
import type * as v from 'valibot';
import { enrollmentStatus } from './methods.ts';

export const EVENTS = {
  /** Goes to each connection of the enrollment's origin that began or watches it. It has only the state's name, no result. */
  progress: enrollmentStatus,
} as const;

export type EventName = keyof typeof EVENTS;
export type EventParams<E extends EventName> = v.InferOutput<(typeof EVENTS)[E]>;
