/**
 * What `npm run test:token` does to a token without our token host, in a process of its own (graphene-pk11):
 * `slots MODULE`, `count MODULE SLOT`, `clean MODULE SLOT PREFIX`. The PIN comes on stdin, the answer goes out as JSON.
 */
import { readFileSync } from 'node:fs';
import * as graphene from 'graphene-pk11';
import { AUTHORITY_NAME } from '../contract/token-setup.ts';

const OS_LOCKING_OK = 2;

const [command = '', path = '', id = '', prefix = ''] = process.argv.slice(2);
const module = graphene.Module.load(path, 'test');
const parameters = process.env['TEST_TOKEN_PARAMETERS'];
module.initialize({ flags: OS_LOCKING_OK, ...(parameters ? { libraryParameters: `${parameters} ` } : {}) });
process.stdout.write(JSON.stringify(command === 'slots' ? slots() : loggedIn(command === 'clean')));
module.finalize();

function slots(): unknown {
  const { libraryDescription, manufacturerID, libraryVersion } = module;
  const text = ({ major, minor }: { major: number; minor: number }): string => `${major}.${minor}`;
  return {
    library: `${trimmed(manufacturerID)} ${trimmed(libraryDescription)} ${text(libraryVersion)}`,
    slots: present().map((slot) => {
      const { label, serialNumber, model } = slot.getToken();
      return { id: idOf(slot), label: trimmed(label), serialNumber: trimmed(serialNumber), model: trimmed(model) };
    }),
  };
}

function present(): graphene.Slot[] {
  const list = module.getSlots(true);
  return Array.from({ length: list.length }, (_, index) => list.items(index));
}

/** A CK_SLOT_ID as other tools print it; the handle is a CK_ULONG of this machine. */
function idOf(slot: graphene.Slot): number {
  return slot.handle.readUInt32LE(0);
}

function trimmed(text: string): string {
  return text.replace(/[\0\s]+$/, '');
}

/** How many objects lie on the token, and how many of ours were removed before that. */
function loggedIn(clean: boolean): { removed: number; objects: number } {
  const slot = present().find((one) => String(idOf(one)) === id);
  if (!slot) throw new Error(`no slot ${id}`);
  const session = slot.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
  session.login(readFileSync(0, 'utf8'));
  const removed = clean ? removeOurs(session) : 0;
  const objects = everything(session).length;
  session.logout();
  session.close();
  return { removed, objects };
}

function everything(session: graphene.Session): graphene.SessionObject[] {
  const found = session.find({ token: true });
  return Array.from({ length: found.length }, (_, index) => found.items(index));
}

/** Ours: labelled with the run's own prefix, issued by the test's own CA, or under such a certificate's CKA_ID. */
function removeOurs(session: graphene.Session): number {
  const issued = everything(session).filter((object) => bytes(object, 'value')?.includes(AUTHORITY_NAME));
  const ids = new Set(issued.map((object) => bytes(object, 'id')?.toString('hex')).filter(Boolean));
  const ours = everything(session).filter(
    (object) => issued.some(({ handle }) => handle.equals(object.handle)) || isLabelled(object) || isUnder(object, ids),
  );
  for (const object of ours) object.destroy();
  return ours.length;
}

function isLabelled(object: graphene.SessionObject): boolean {
  const label = attribute(object, 'label');
  return prefix !== '' && typeof label === 'string' && label.startsWith(prefix);
}

function isUnder(object: graphene.SessionObject, ids: ReadonlySet<string | undefined>): boolean {
  return ids.has(bytes(object, 'id')?.toString('hex'));
}

function bytes(object: graphene.SessionObject, name: string): Buffer | undefined {
  const value = attribute(object, name);
  return Buffer.isBuffer(value) && value.length > 0 ? value : undefined;
}

function attribute(object: graphene.SessionObject, name: string): unknown {
  try {
    return object.getAttribute(name as never);
  } catch {
    return undefined;
  }
}
