/**
 * Whose socket this is. 127.0.0.1 is shared by all users of a machine, and a program of another user could claim any
 * Origin. Linux tells the owner of a local socket; other systems, and a Linux without /proc, tell nothing here, and the
 * connection passes: this narrows who can knock, it does not replace the gate.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

export type Ports = { readonly client: number; readonly server: number };

/** An IPv4 socket stands in `tcp`; one of an IPv6 socket's mapped addresses (RFC 4291 §2.5.5.2) in `tcp6`. */
const TABLES = [
  { path: '/proc/net/tcp', loopback: '0100007F' },
  { path: '/proc/net/tcp6', loopback: '0000000000000000FFFF00000100007F' },
];

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/**
 * The kernel hands out these tables a page at a time, however much is asked for. Off the main thread each page costs ten
 * times its reading; on it, a table of thousands of sockets is read in pieces with everybody else's turn in between.
 */
const PAGES_AT_ONCE = 64;
const PAGE_BYTES = 4096;

/** The table's text piece by piece, each of whole lines. */
async function* piecesOf(file: number): AsyncGenerator<string> {
  const page = Buffer.allocUnsafe(PAGE_BYTES);
  for (let rest = ''; ; await nextTurn()) {
    let piece = rest;
    for (let pages = 0; pages < PAGES_AT_ONCE; pages += 1) {
      const bytes = readSync(file, page);
      if (bytes === 0) return yield piece;
      piece += page.toString('latin1', 0, bytes);
    }
    const whole = piece.lastIndexOf('\n') + 1;
    rest = piece.slice(whole);
    yield piece.slice(0, whole);
  }
}

/**
 * proc(5): `sl local_address rem_address st tx:rx tr:tm retrnsmt uid …`, addresses in the machine's byte order. The
 * table can be megabytes of connections that are over, so it is searched, not parsed, and no further than needed.
 */
async function ownerIn(file: number, loopback: string, { client, server }: Ports): Promise<number | undefined> {
  const ends = ` ${loopback}:${hex(client)} ${loopback}:${hex(server)} `;
  for await (const piece of piecesOf(file)) {
    const start = piece.indexOf(ends);
    if (start === -1) continue;
    const fields = piece.slice(start + ends.length, piece.indexOf('\n', start)).split(/\s+/);
    return Number(fields[4]);
  }
  return undefined;
}

function openIfAny(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

/** Whether the client's end belongs to another user. An end that is in no table has gone already. */
export async function isForeignPeer(ports: Ports): Promise<boolean> {
  const uid = process.getuid?.();
  if (process.platform !== 'linux' || uid === undefined) return false;
  let readable = false;
  for (const { path, loopback } of TABLES) {
    const table = openIfAny(path);
    if (table === undefined) continue;
    try {
      const owner = await ownerIn(table, loopback, ports);
      readable = true;
      if (owner !== undefined) return owner !== uid;
    } catch {
      // One that can be opened and not be read tells nothing either.
    } finally {
      closeSync(table);
    }
  }
  return readable;
}
