/** The system that this process runs on. */
import { linux } from './linux.ts';
import type { Platform } from './platform.ts';

/** Linux; other systems of POSIX were not run. */
export const platform: Platform = linux;
