/** The platform that this process runs on. */
import { linux } from './linux.ts';
import type { Platform } from './platform.ts';

/** Linux. Other POSIX systems were not tested. */
export const platform: Platform = linux;
