/**
 * The owner of a local TCP connection. Linux shows the owner of each socket in /proc. Without /proc, and on other systems, no peer
 * counts as foreign. This check is an addition to the bridge's gate and does not replace it.
 */
import { readFile } from 'node:fs/promises';
import type { Ends } from './platform.ts';

/** `tcp` lists IPv4 sockets. `tcp6` lists IPv6 sockets, among them those with an IPv4-mapped address (RFC 4291 §2.5.5.2). */
const TABLES = [
  { path: '/proc/net/tcp', loopback: '0100007F' },
  { path: '/proc/net/tcp6', loopback: '0000000000000000FFFF00000100007F' },
];

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/**
 * proc(5): `sl local_address rem_address st tx:rx tr:tm retrnsmt uid …`, with addresses in the machine's byte order. The table can
 * have megabytes of closed connections, so it is searched and not parsed.
 */
function ownerIn(table: string, loopback: string, { client, server }: Ends): number | undefined {
  const ends = ` ${loopback}:${hex(client)} ${loopback}:${hex(server)} `;
  const start = table.indexOf(ends);
  if (start === -1) return undefined;
  const fields = table.slice(start + ends.length, table.indexOf('\n', start)).split(/\s+/);
  return Number(fields[4]);
}

/** Whether another user owns the client's end. An end that is in no table has closed already, and counts as foreign. */
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
