/** The floor of a log-in: a Node script that loads the module, logs in, finds the key, signs, and finalizes. */
import { createHash } from 'node:crypto';
import pkcs11js from 'pkcs11js';

const [module = '', label = ''] = process.argv.slice(2);
const p11 = new pkcs11js.PKCS11();
p11.load(module);
p11.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK });
const slot = p11.C_GetSlotList(true).find((id) => p11.C_GetTokenInfo(id).label.trim() === label);
if (!slot) throw new Error(`no token ${label}`);
const session = p11.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
p11.C_Login(session, pkcs11js.CKU_USER, process.env['FLOOR_PIN'] ?? '');
p11.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY }]);
const [key] = p11.C_FindObjects(session, 1);
p11.C_FindObjectsFinal(session);
if (!key) throw new Error('no key');
p11.C_SignInit(session, { mechanism: pkcs11js.CKM_ECDSA }, key);
const signature = p11.C_Sign(session, createHash('sha256').update('challenge').digest(), Buffer.alloc(64));
if (signature.length !== 64) throw new Error('no signature');
p11.C_CloseAllSessions(slot);
p11.C_Finalize();
