/** Slows down guessing of passwords: after some failures an ID waits, and each further failure doubles the wait. */

const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 30 * 60_000;
/** Failures are forgotten after this time without another. */
const MEMORY_MS = 60 * 60_000;
/** IDs remembered at most; the oldest gives way. */
const MAX_IDS = 10_000;

type Failures = { count: number; lastAt: number };

export class Throttle {
  readonly #failures = new Map<string, Failures>();

  /** 0: it may try now. */
  secondsToWait(id: string, now = Date.now()): number {
    const failures = this.#recent(id, now);
    if (!failures || failures.count < FREE_FAILURES) return 0;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (failures.count - FREE_FAILURES), LONGEST_WAIT_MS);
    return Math.max(0, Math.ceil((failures.lastAt + wait - now) / 1000));
  }

  failed(id: string, now = Date.now()): void {
    const count = (this.#recent(id, now)?.count ?? 0) + 1;
    this.#failures.delete(id);
    this.#failures.set(id, { count, lastAt: now });
    const oldest = this.#failures.keys().next().value;
    if (this.#failures.size > MAX_IDS && oldest !== undefined) this.#failures.delete(oldest);
  }

  succeeded(id: string): void {
    this.#failures.delete(id);
  }

  #recent(id: string, now: number): Failures | undefined {
    const failures = this.#failures.get(id);
    return failures && now - failures.lastAt < MEMORY_MS ? failures : undefined;
  }
}
