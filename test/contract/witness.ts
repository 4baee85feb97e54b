/**
 * Reads a token back through graphene-pk11: an independent witness, in a process of its own so that nothing is shared with
 * the token host. Arguments: module path, token label; the PIN comes on stdin. Prints what lies there, as JSON.
 */
import { readFileSync } from 'node:fs';
import * as graphene from 'graphene-pk11';

const [path = '', label = ''] = process.argv.slice(2);
const pin = readFileSync(0, 'utf8');

const OS_LOCKING_OK = 2;
const CLASSES = { [graphene.ObjectClass.PRIVATE_KEY]: 'private', [graphene.ObjectClass.PUBLIC_KEY]: 'public' };

const module = graphene.Module.load(path, 'witness');
// CKF_OS_LOCKING_OK: the client module of p11-kit answers CANT_LOCK without it.
module.initialize({ flags: OS_LOCKING_OK });
const slots = module.getSlots(true);
const slot = Array.from({ length: slots.length }, (_, i) => slots.items(i)).find(
  (slot) => slot.getToken().label.trim() === label,
);
if (!slot) throw new Error(`no token ${label}`);
const session = slot.open(graphene.SessionFlag.SERIAL_SESSION);
session.login(pin);
const found = session.find({ token: true });
const objects = Array.from({ length: found.length }, (_, i) => found.items(i)).map((object) => {
  const get = (name: string): unknown => {
    try {
      const value: unknown = object.getAttribute(name as never);
      return Buffer.isBuffer(value) ? value.toString('hex') : value;
    } catch {
      return null;
    }
  };
  return {
    class: CLASSES[object.class as keyof typeof CLASSES] ?? 'certificate',
    id: get('id'),
    label: get('label'),
    private: get('private'),
    sensitive: get('sensitive'),
    extractable: get('extractable'),
    subject: get('subject'),
    serial: get('serial'),
    value: object.class === graphene.ObjectClass.CERTIFICATE ? get('value') : null,
  };
});
session.logout();
session.close();
module.finalize();
process.stdout.write(JSON.stringify(objects));
