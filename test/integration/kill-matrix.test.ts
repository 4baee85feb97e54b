/**
 * The agent and the token host, killed (SIGKILL) at each PKCS#11 call, each HTTP request and each system call that lasts, of
 * an enrollment and of a re-enrollment; then started again. The whole matrix takes a while: INKAN_FULL=1 runs it, otherwise
 * an even selection of its points (INKAN_KILL_POINTS of each journey).
 */
import type { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { ownFolder } from '../stage/folder.ts';
import {
  certificateIn,
  DURABLE,
  hasStrace,
  type KillablePc,
  type Point,
  type Run,
  setUpKillablePc,
} from '../stage/killable-pc.ts';

const FULL = process.env['INKAN_FULL'] === '1';
/** Points of each journey in a run that is not full: some 15 s of work. */
const SELECTED = Number(process.env['INKAN_KILL_POINTS'] ?? 6);
const STARTS_AT_MOST = 4;

describe('integration: the kill matrix', function () {
  this.timeout(FULL || SELECTED > 20 ? 8 * 3_600_000 : 180_000);
  const folder = ownFolder();
  let pc: KillablePc;

  beforeEach(async () => {
    pc = await setUpKillablePc(folder());
  });
  afterEach(() => pc.close());

  for (const journey of ['enrollment', 're-enrollment'] as const) {
    it(`of ${journey === 'enrollment' ? 'an' : 'a'} ${journey}: nothing is lost, nothing is made twice`, async () => {
      const old = journey === 'enrollment' ? undefined : certificateIn(await pc.inkan(await enroll()));
      pc.keep();
      const all = await pointsOf(old);
      const points = FULL ? all : selectionOf(all);
      const failures: string[] = [];
      const reached = { killed: 0 };
      for (const point of points) {
        const failure = await outlive(point, old, reached).catch((error: unknown) => String(error));
        if (failure) failures.push(`${JSON.stringify(point)}: ${failure}`);
        if (failure) console.log(`      ${failures.at(-1)}`);
      }
      const survived = points.length - failures.length;
      console.log(
        `      ${journey}: ${points.length} of ${all.length} points, ${reached.killed} killed the agent, ${survived} survived`,
      );
      expect(failures).to.deep.equal([]);
    });
  }

  async function enroll(old?: X509Certificate): Promise<string[]> {
    return ['enroll', '--profile', 'stage-bank', '--order', await pc.order(old)];
  }

  async function pointsOf(old: X509Certificate | undefined): Promise<Point[]> {
    pc.restore();
    const undisturbed = await pc.inkan(await enroll(old));
    if (!certificateIn(undisturbed)) throw new Error(`the undisturbed run fails: ${JSON.stringify(undisturbed.json)}`);
    const calls = pc.calls().map((_, index) => index + 1);
    const pkcs11 = (['kill', 'kill-both'] as const).flatMap((whom) =>
      calls.map((call) => ({ at: 'pkcs11', call, whom }) as const),
    );
    const http: Point[] = [
      { at: 'http', operation: 'csrattrs', moment: 'arrived' },
      { at: 'http', operation: 'csrattrs', moment: 'answered' },
      { at: 'http', operation: 'simpleenroll', moment: 'arrived' },
      { at: 'http', operation: 'simpleenroll', moment: 'done' },
      { at: 'http', operation: 'simpleenroll', moment: 'answered' },
      { at: 'http', operation: 'cacerts', moment: 'arrived' },
      { at: 'http', operation: 'cacerts', moment: 'answered' },
    ];
    return [...pkcs11, ...http, ...(await systemCallsOf(old))];
  }

  async function systemCallsOf(old: X509Certificate | undefined): Promise<Point[]> {
    if (!hasStrace()) return [];
    pc.restore();
    const counts = await pc.traced(await enroll(old));
    return DURABLE.flatMap((name) => {
      // Most of these open or write what does not last (programs, pipes): of them one in eight.
      const step = name === 'openat' || name === 'write' ? 8 : 1;
      const times = Math.ceil((counts.get(name) ?? 0) / step);
      return Array.from(
        { length: times },
        (_, index) => ({ at: 'system call', name, count: index * step + 1 }) as const,
      );
    });
  }

  /** @returns what is wrong afterwards */
  async function outlive(
    point: Point,
    old: X509Certificate | undefined,
    reached: { killed: number },
  ): Promise<string | undefined> {
    pc.restore();
    const before = pc.keys();
    const args = await enroll(old);
    let run = await pc.inkan(args, point);
    if (run.killed) reached.killed += 1;
    for (let starts = 0; starts <= STARTS_AT_MOST; starts += 1) {
      const wrong = wrongOnToken(before);
      if (wrong) return wrong;
      if (isOver()) return wrongInTheEnd(before, run);
      run = await pc.inkan(nextCommand(args));
    }
    return `not over after ${STARTS_AT_MOST} starts: ${JSON.stringify(pc.journal().map(({ state }) => state.name))} ${JSON.stringify(run.json)}`;
  }

  const isOver = () => pc.journal().some(({ state }) => state.name === 'completed' || state.name === 'failed');

  /** As a person would: go on with what is on record, or begin anew. */
  function nextCommand(args: readonly string[]): readonly string[] {
    const [open] = pc.journal();
    return open ? ['resume', open.enrollment] : args;
  }

  /** Keys that the journal does not know; old keys and certificates that are gone. */
  function wrongOnToken(before: readonly string[]): string | undefined {
    const known = new Set([...before, ...pc.journal().flatMap(({ knows }) => knows)]);
    const [keys, certificates] = [pc.keys(), pc.certificates()];
    const unknown = [...keys, ...certificates].filter((id) => !known.has(id));
    if (unknown.length > 0) return `${unknown.length} objects that the journal does not know`;
    const lost = before.filter((id) => !keys.includes(id) || !certificates.includes(id));
    return lost.length > 0 ? `${lost.length} old pairs are gone` : undefined;
  }

  /** One more pair than before, whose certificate is the only one that was issued, and was told. */
  async function wrongInTheEnd(before: readonly string[], run: Run): Promise<string | undefined> {
    const [keys, certificates] = [pc.keys(), pc.certificates()];
    const pairs = [keys.length, certificates.length];
    if (pairs.some((count) => count !== before.length + 1)) return `keys, certificates: ${pairs.join()}`;
    const [journaled] = pc.journal();
    const told = certificateIn(run) ?? certificateIn(await pc.inkan(['resume', journaled?.enrollment ?? '']));
    const issued = pc.ca.issued.map((serialNumber) => BigInt(`0x${serialNumber}`));
    const reported = told ? [BigInt(`0x${told.serialNumber}`)] : [];
    return issued.join() === reported.join() ? undefined : `issued: ${issued.join()}, reported: ${reported.join()}`;
  }
});

/** Evenly from all, so that each part of the journey is among them. */
function selectionOf(all: readonly Point[]): Point[] {
  return all.filter(
    (_, index) => Math.floor((index * SELECTED) / all.length) !== Math.floor(((index - 1) * SELECTED) / all.length),
  );
}
