/** What commands tell of orders, certificates and results, and `serve` does not: so that it need not load it to start. */

export { describeCertificate } from '../web-bridge/x509/certificate.ts';
export { resultOf } from './enrollment/result.ts';
export { changePin } from './pin.ts';
export { unverifiedClaims } from './policy/order.ts';
export { thumbprintsOf } from './policy/profile-update.ts';
