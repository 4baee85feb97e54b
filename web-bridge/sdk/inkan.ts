/**
 * The SDK's front door: what a bank's page may use. `build.mjs` bundles it into one ES module for a script tag;
 * `web-bridge/README.md` shows how a page uses it.
 */
export { PROTOCOL } from '../protocol/address.ts';
export type { Language } from '../protocol/languages.ts';
export type {
  EnrollmentId,
  EnrollmentResult,
  EnrollmentStatus,
  RenewalStatus,
  StateName,
} from '../protocol/methods.ts';
export type { BridgeState } from './bridge-state.ts';
export { dialogTitle } from './dialogs.ts';
// Of these two files everything is for pages: a further method of the bridge is exported by being there.
export * from './enroll.ts';
export { InkanError } from './failure.ts';
export { type BankHelp, type Help, helpFor } from './help.ts';
export { type Permission, permission, whenGranted } from './permission.ts';
export { type ReachOptions, readiness } from './reach.ts';
export * from './single-call.ts';
export { SDK_WORDS } from './words.ts';
