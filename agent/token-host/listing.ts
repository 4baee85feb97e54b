/** The certificates on a token, as anybody may read them before a login. */
import pkcs11js from 'pkcs11js';
import type { HostParams, HostResult } from '../token/host-protocol.ts';
import type { LoadedModule } from './module.ts';
import { attributesIfAny, findOfClass } from './objects.ts';
import { findSlot } from './slots.ts';

const MAX_CERTIFICATES = 256;
const MAX_CERTIFICATE_BYTES = 64 * 1024;

export function listCertificates(
  module: LoadedModule,
  identity: HostParams<'certificates'>['token'],
): HostResult<'certificates'> {
  const slot = findSlot(module, identity);
  const { p11 } = module;
  const place = { p11, session: p11.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION) };
  try {
    const certificates = findOfClass(place, pkcs11js.CKO_CERTIFICATE).flatMap((handle) => {
      const [certificate, label] = attributesIfAny(place, handle, [pkcs11js.CKA_VALUE, pkcs11js.CKA_LABEL]);
      if (!certificate || certificate.length < 2 || certificate.length > MAX_CERTIFICATE_BYTES) return [];
      return [{ certificate, label: label?.toString('utf8').slice(0, 256) ?? '' }];
    });
    return { certificates: withinBounds(certificates) };
  } finally {
    p11.C_CloseSession(place.session);
  }
}

/** As many as one message may carry; a token that holds more holds what is no certificate of a person. */
function withinBounds(all: HostResult<'certificates'>['certificates']): typeof all {
  let bytes = 0;
  return all.slice(0, MAX_CERTIFICATES).filter(({ certificate }) => {
    bytes += certificate.length;
    return bytes <= MAX_CERTIFICATE_BYTES * 16;
  });
}
