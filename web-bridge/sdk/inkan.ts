/**
 * Everything that a bank's page may use of the SDK. `build.mjs` bundles it into one ES module for a script tag.
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
// Everything in `enroll.ts` and `single-call.ts` is for pages, so a new method there is exported without a change here.
export * from './enroll.ts';
export { InkanError } from './failure.ts';
export { type BankHelp, type Help, helpFor } from './help.ts';
export { type Permission, permission, whenGranted } from './permission.ts';
export { type ReachOptions, readiness } from './reach.ts';
export * from './single-call.ts';
export { SDK_WORDS } from './words.ts';
