/** Listing the certificates of a token that holds many, from after C_Initialize to the last one. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type SoftHsm, stageSoftHsm } from '../../stage/softhsm.ts';
import { LISTING_HOST } from '../builds.ts';
import type { Bench, Figure } from '../figure.ts';
import { inC, minimal, run } from '../programs.ts';
import { interleaved } from '../stopwatch.ts';

/** Half a millisecond against one, of whole processes: few runs would say little. */
const ROUNDS = 31;

export async function listing(bench: Bench): Promise<readonly Figure[]> {
  const folder = join(bench.folder, 'listing');
  mkdirSync(folder);
  const token = stageSoftHsm(folder, ['desk']);
  const identity = (await run(process.execPath, [LISTING_HOST, token.module], minimal(token.environment))).trim();
  const figures: Figure[] = [];
  let held = 0;
  for (const count of bench.quick ? [10, 100] : [10, 100, 1_000]) {
    await inC(bench.floor, ['fill', token.module, 'desk', String(count - held)], token);
    held = count;
    const runs = { host: () => inHost(token, identity), c: () => listInC(bench, token) };
    const { host: ours, c } = await interleaved(runs, bench.quick ? 3 : ROUNDS);
    const what = `listing ${count} certificates, after C_Initialize`;
    figures.push({ what, unit: 'ms', ours, floor: { name: 'C', sample: c }, goal: 2 });
  }
  return figures;
}

async function inHost({ module, environment }: SoftHsm, identity: string): Promise<number> {
  return Number(await run(process.execPath, [LISTING_HOST, module, identity], minimal(environment)));
}

async function listInC({ floor }: Bench, token: SoftHsm): Promise<number> {
  const [, microseconds = '0'] = (await inC(floor, ['certificates', token.module, 'desk'], token)).split(' ');
  return Number(microseconds) / 1_000;
}
