/**
 * Whose a local TCP connection is. Linux tells the owner of each socket. Other systems, and a Linux without /proc, tell
 * nothing here, and no peer counts as foreign: this check narrows who can connect, it does not replace the bridge's gate.
 */
import { readFile } from 'node:fs/promises';
import type { Ends } from './platform.ts';

/** An IPv4 socket stands in `tcp`; one of an IPv6 socket's mapped addresses (RFC 4291 §2.5.5.2) in `tcp6`. */
const TABLES = [
  { path: '/proc/net/tcp', loopback: '0100007F' },
  { path: '/proc/net/tcp6', loopback: '0000000000000000FFFF00000100007F' },
];

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/**
 * proc(5): `sl local_address rem_address st tx:rx tr:tm retrnsmt uid …`, addresses in the machine's byte order. The table
 * can be megabytes of connections that are over, so it is searched, not parsed.
 */
function ownerIn(table: string, loopback: string, { client, server }: Ends): number | undefined {
  const ends = ` ${loopback}:${hex(client)} ${loopback}:${hex(server)} `;
  const start = table.indexOf(ends);
  if (start === -1) return undefined;
  const fields = table.slice(start + ends.length, table.indexOf('\n', start)).split(/\s+/);
  return Number(fields[4]);
}

/** Whether the client's end belongs to another user. An end that is in no table has gone already, and counts as foreign. */
export async function isForeignPeer(ends: Ends): Promise<boolean> {
  const uid = process.getuid?.();
  if (process.platform !== 'linux' || uid === undefined) return false;
  let readable = false;
  for (const { path, loopback } of TABLES) {
    const table = await readFile(path, 'latin1').catch(() => undefined);
    if (table === undefined) continue;
    readable = true;
    const owner = ownerIn(table, loopback, ends);
    if (owner !== undefined) return owner !== uid;
  }
  return readable;
}
