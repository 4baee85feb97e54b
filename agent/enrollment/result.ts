/** The result of a completed enrollment, in the form that the page gets: certificate, chain, examination and proof. */

import type { EnrollmentResult } from '../../web-bridge/protocol/methods.ts';
import { describeCertificate } from '../../web-bridge/x509/certificate.ts';
import type { StateOf } from '../ports/state.ts';

export function resultOf(state: StateOf<'completed'>): EnrollmentResult {
  const { certificate, chain, chainComplete, otherSerialNumbers = [], key, token, proof } = state;
  const { subject, issuer, serialNumber, notBefore, notAfter } = describeCertificate(certificate);
  return {
    certificate: base64(certificate),
    chain: chain.map(base64),
    chainComplete,
    subject,
    issuer,
    serialNumber,
    ...(otherSerialNumbers.length > 0 ? { otherSerialNumbers: [...otherSerialNumbers] } : {}),
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    keyType: key.keyType,
    token: { label: token.label, model: token.model },
    examination: key.examination,
    proof,
    ...(key.attestation ? { attestation: key.attestation.map(base64) } : {}),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
