/** The certificates on a token that can be read without a login. */
import pkcs11js, { type Template } from 'pkcs11js';
import { type HostParams, type HostResult, MAX_DER_BYTES, MAX_LISTED } from '../token/host-protocol.ts';
import type { LoadedModule } from './module.ts';
import { attributesIfAny, findOfClass } from './objects.ts';
import { findSlot } from './slots.ts';

const WANTED: Template = [{ type: pkcs11js.CKA_VALUE }, { type: pkcs11js.CKA_LABEL }];

export function listCertificates(
  module: LoadedModule,
  identity: HostParams<'certificates'>['token'],
): HostResult<'certificates'> {
  const slot = findSlot(module, identity);
  const { p11 } = module;
  const place = { p11, session: p11.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION) };
  try {
    const certificates: HostResult<'certificates'>['certificates'] = [];
    let bytes = 0;
    for (const handle of findOfClass(place, pkcs11js.CKO_CERTIFICATE)) {
      const [certificate, label] = attributesIfAny(place, handle, WANTED);
      if (!certificate || certificate.length < 2 || certificate.length > MAX_DER_BYTES) continue;
      bytes += certificate.length;
      if (bytes > MAX_LISTED.bytes) break;
      certificates.push({ certificate, label: label?.toString('utf8').slice(0, MAX_LISTED.labelCharacters) ?? '' });
      if (certificates.length === MAX_LISTED.certificates) break;
    }
    return { certificates };
  } finally {
    p11.C_CloseSession(place.session);
  }
}
