/**
 * All enrollments of this process: begins them, lets pages watch and cancel their own, goes on with what the journal
 * holds. The work lives here and not in a socket: a closed tab, a reload, a lost connection change nothing. What the work
 * is made of is loaded when there is some: an agent starts for a page that asks whether it is there.
 */
import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId, EnrollmentResult } from '../../web-bridge/protocol/methods.ts';
import type { Purpose } from '../../web-bridge/protocol/order.ts';
import type { Profile, VerifiedOrder } from '../policy/order.ts';
import type { Accepted, Plan } from '../policy/plan.ts';
import { holdAccount, holdEnrollment, isAtWork } from './at-work.ts';
import {
  isBeingGivenUp,
  isOpenFor,
  isStale,
  isSupersededBy,
  isUnderWay,
  isVisible,
  type Listener,
  type Live,
  needsNobody,
  newEnrollmentId,
  newLive,
  type Standing,
  standingOf,
  type Viewer,
} from './live.ts';
import { endTakenOver, takeOver } from './lost-answer.ts';
import type { JournalEntry, Ports } from './ports.ts';
import type { Prepared } from './prepare.ts';
import type { Surroundings } from './surroundings.ts';

export type { Standing, Viewer } from './live.ts';

import { isCancellable, isIssued, isOpen, type State } from './state.ts';

const REMINDS_AFTER_MS = 2_000;

export class Enrollments {
  readonly #ports: Ports;
  readonly #profiles: () => Promise<readonly Profile[]>;
  readonly #live = new Map<EnrollmentId, Live>();
  readonly #ending = new AbortController();
  #reminding: Promise<void> | undefined;

  constructor(ports: Ports, profiles: () => Promise<readonly Profile[]>) {
    this.#ports = ports;
    this.#profiles = profiles;
  }

  /** Reads the journal. Called once, before anything else. */
  async recover(): Promise<void> {
    await this.#ports.journal.eraseStrays();
    await endTakenOver(this.#ports, this.#ending.signal);
    await this.#learn();
  }

  /** Of enrollments that another process of this user began meanwhile. */
  async #learn(): Promise<void> {
    for (const entry of await this.#ports.journal.list()) if (!this.#live.has(entry.enrollment)) this.#adopt(entry);
  }

  /** Goes on with everything that waits for nobody but the CA (the person is called when it has issued), and gives up what was never sent. */
  goOn(): void {
    for (const live of this.#live.values()) {
      const stale = isStale(live, this.#ports.clock.now());
      if (stale) live.cancel.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'never sent' }));
      if (stale || needsNobody(live)) this.#start(live);
    }
    this.#reminding = this.#remind();
  }

  /** A page may be waiting for the agent that has just started; a reminder waits for nobody. */
  async #remind(): Promise<void> {
    await this.#ports.clock.sleep(REMINDS_AFTER_MS, this.#ending.signal).catch(() => {});
    if (this.#ending.signal.aborted) return;
    const { remindDaily } = await import('./reminders.ts');
    await remindDaily(() => this.#waiting(), this.#profiles, this.#ports, this.#ending.signal);
  }

  /** The plans of certificates that wait for the PIN, and that nobody is at work on. */
  async #waiting(): Promise<Plan[]> {
    const standing = await Promise.all([...this.#live.values()].map((live) => this.#refreshed(live)));
    return standing.flatMap(({ work, entry }) =>
      entry && !work && isOpen(entry.state) && isIssued(entry.state) ? [entry.state.plan] : [],
    );
  }

  /**
   * Judges the order and begins its enrollment, or joins the one that it began. Answers before any dialog opens.
   * @throws AgentError ERR_POLICY_*, ERR_BRIDGE_BUSY
   */
  async begin(order: string, origin: string, purpose: Extract<Purpose, 'enroll' | 'reenroll'>): Promise<EnrollmentId> {
    const { checkValidity, verifyOrder } = await import('../policy/order.ts');
    const { planFor } = await import('../policy/plan.ts');
    const verified = await verifyOrder(order, origin, purpose, await this.#profiles());
    await this.#learn();
    const known = [...this.#live.values()].find(({ order: { jti } }) => jti === verified.claims.jti);
    if (known?.entry || known?.work) return this.#join(known, verified, origin);
    // Asked before, but the human never consented: the order is not spent, and asks anew.
    if (known) this.#live.delete(known.enrollment);
    checkValidity(verified.claims, this.#ports.clock.now());
    const accepted = planFor(verified);
    const underWay = [...this.#live.values()].find((one) => isUnderWay(one, accepted.plan));
    if (underWay && isBeingGivenUp(underWay)) {
      await underWay.work;
      return await this.begin(order, origin, purpose);
    }
    if (underWay) return this.#goOnWith(underWay);
    const held = this.#ports.attention.take(origin);
    const { jti } = verified.claims;
    const live = this.#newLive(newEnrollmentId(this.#ports.random), { jti, digest: verified.digest }, origin);
    live.held = held;
    this.#work(live, (signal) => this.#prepareAndRun(live, accepted, signal));
    return live.enrollment;
  }

  /** @throws AgentError ERR_BRIDGE_ENROLLMENT_UNKNOWN, also for another origin's */
  async standing(enrollment: EnrollmentId, viewer: Viewer): Promise<Standing> {
    return standingOf(await this.#refreshed(this.#find(enrollment, viewer)));
  }

  /** The final result of a completed enrollment. */
  async result(enrollment: EnrollmentId, viewer: Viewer): Promise<EnrollmentResult | undefined> {
    const { entry } = await this.#refreshed(this.#find(enrollment, viewer));
    if (entry?.state.name !== 'completed') return undefined;
    const { resultOf } = await import('./result.ts');
    return resultOf(entry.state);
  }

  async list(viewer: Viewer): Promise<Standing[]> {
    const visible = [...this.#live.values()].filter((live) => isVisible(live, viewer));
    return (await Promise.all(visible.map((live) => this.#refreshed(live)))).map(standingOf);
  }

  /** Whether a token that this origin's bank accepts is plugged in, and the bank's renewal window. */
  async surroundings(origin: string): Promise<Surroundings> {
    const profile = (await this.#profiles()).find(({ origins }) => origins.includes(origin));
    if (!profile) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN');
    const { lookAround } = await import('./surroundings.ts');
    return await lookAround(profile, this.#ports, this.#ending.signal);
  }

  /** Hears of each change until the answered function is called. */
  listen(enrollment: EnrollmentId, viewer: Viewer, listener: Listener): () => void {
    const { listeners } = this.#find(enrollment, viewer);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Goes on with an enrollment that waits. */
  resume(enrollment: EnrollmentId, viewer: Viewer): void {
    this.#start(this.#find(enrollment, viewer));
  }

  /** Answers when it ends, or waits for something. */
  async settled(enrollment: EnrollmentId, viewer: Viewer): Promise<Standing> {
    const live = this.#find(enrollment, viewer);
    await live.work;
    return standingOf(live);
  }

  /** @throws AgentError ERR_BRIDGE_TOO_LATE_TO_CANCEL once the request was sent */
  async cancel(enrollment: EnrollmentId, viewer: Viewer): Promise<Standing> {
    const live = this.#find(enrollment, viewer);
    const waits = live.entry && !live.work;
    if (live.entry && !isCancellable(live.entry.state)) throw new AgentError('ERR_BRIDGE_TOO_LATE_TO_CANCEL');
    live.cancel.abort(new AgentError('ERR_USER_CANCELLED'));
    if (waits) this.#start(live);
    await live.work;
    if (live.entry && live.entry.state.name !== 'abandoned') throw new AgentError('ERR_BRIDGE_TOO_LATE_TO_CANCEL');
    return standingOf(live);
  }

  /** Stops everything where it stands; the journal holds it. */
  async close(): Promise<void> {
    this.#ending.abort(new AgentError('ERR_INTERNAL_FAILED', { reason: 'the agent ends' }));
    await Promise.all([...this.#live.values()].map(({ work }) => work ?? Promise.resolve()));
    await this.#reminding;
  }

  #join(live: Live, { digest }: VerifiedOrder, origin: string): EnrollmentId {
    if (live.origin !== origin || live.order.digest !== digest) throw new AgentError('ERR_POLICY_ORDER_USED');
    return this.#goOnWith(live);
  }

  #goOnWith(live: Live): EnrollmentId {
    this.#start(live);
    return live.enrollment;
  }

  #newLive(enrollment: EnrollmentId, order: Live['order'], origin: string): Live {
    const live = newLive(enrollment, order, origin);
    this.#live.set(enrollment, live);
    return live;
  }

  #adopt(entry: JournalEntry): void {
    const { plan } = entry.state;
    const live = this.#newLive(entry.enrollment, { jti: plan.jti, digest: plan.orderDigest }, plan.origin);
    live.entry = entry;
  }

  /** Starts the work on a journaled enrollment unless it runs already or is over. */
  #start(live: Live): void {
    if (live.work || !live.entry || !isOpen(live.entry.state)) return;
    const { entry } = live;
    this.#work(live, () => this.#resume(live, entry));
  }

  #work(live: Live, work: (signal: AbortSignal) => Promise<void>): void {
    live.error = undefined;
    const signal = AbortSignal.any([live.cancel.signal, this.#ending.signal]);
    live.work = work(signal)
      .catch((error: unknown) => this.#pause(live, asAgentError(error)))
      .finally(() => {
        live.work = undefined;
        live.held?.release();
      });
  }

  /** Held from the very beginning: no other process ever finds it journaled and at rest. */
  async #prepareAndRun(live: Live, accepted: Accepted, signal: AbortSignal): Promise<void> {
    const unlock = await holdEnrollment(this.#ports.locks, live.enrollment, signal);
    try {
      await this.#prepare(live, accepted, signal);
      if (live.entry) await this.#run(live, live.entry, true);
    } finally {
      await unlock();
    }
  }

  async #prepare(live: Live, accepted: Accepted, signal: AbortSignal): Promise<void> {
    const { journal, locks } = this.#ports;
    const unlock = await holdAccount(locks, accepted.plan, signal);
    try {
      const { prepare } = await import('./prepare.ts');
      await this.#refuseBegun(accepted.plan, signal);
      await journal.reserve(live.enrollment);
      await this.#consent(live, await prepare(accepted, this.#ports, signal), signal);
    } catch (error) {
      if (!live.entry) await journal.release(live.enrollment);
      throw error;
    } finally {
      await unlock();
    }
  }

  /** Another process (the CLI, `serve`) may have begun the same since this one looked. */
  async #refuseBegun(plan: Plan, signal: AbortSignal): Promise<void> {
    await this.#learn();
    const known = await Promise.all([...this.#live.values()].map((live) => this.#refreshed(live)));
    if (known.some(({ entry }) => entry?.state.plan.jti === plan.jti)) throw new AgentError('ERR_POLICY_ORDER_USED');
    if (known.some((one) => isUnderWay(one, plan))) throw new AgentError('ERR_BRIDGE_BUSY');
    const same = known.filter((one) => isOpenFor(one, plan));
    const atWork = await Promise.all(same.map(({ enrollment }) => isAtWork(this.#ports.locks, enrollment, signal)));
    if (atWork.includes(true)) throw new AgentError('ERR_BRIDGE_BUSY');
  }

  /** The human has consented: the order is spent when this is on disk. */
  async #consent(live: Live, { state, secret, lost }: Prepared, signal: AbortSignal): Promise<void> {
    const { journal, clock } = this.#ports;
    live.held?.approved();
    const now = clock.now();
    const entry: JournalEntry = { enrollment: live.enrollment, startedAt: now, updatedAt: now, state };
    const begin = async (): Promise<void> => {
      await journal.keepSecret(live.enrollment, secret);
      await journal.write(entry);
    };
    if (lost) this.#ended(await takeOver(lost, begin, this.#ports, signal));
    else await begin();
    this.#moved(live, entry.state, entry);
    this.#supersede(live, entry);
  }

  #ended(entry: JournalEntry): void {
    const live = this.#live.get(entry.enrollment);
    if (live) this.#moved(live, entry.state, entry);
  }

  async #resume(live: Live, known: JournalEntry): Promise<void> {
    const unlock = await holdEnrollment(this.#ports.locks, live.enrollment, this.#ending.signal);
    try {
      // Another process of ours may have gone on with it meanwhile.
      live.entry = (await this.#ports.journal.read(live.enrollment)) ?? known;
      await this.#run(live, live.entry, false);
    } finally {
      await unlock();
    }
  }

  async #run(live: Live, entry: JournalEntry, begun: boolean): Promise<void> {
    const { runEnrollment } = await import('./run.ts');
    await runEnrollment(entry, {
      ports: this.#ports,
      begun,
      cancelled: live.cancel.signal,
      ending: this.#ending.signal,
      announce: (state) => this.#moved(live, state, entry),
    });
  }

  /** A new order for the same account gives up what an older one began and never sent. */
  #supersede(live: Live, { state: { plan } }: JournalEntry): void {
    for (const older of this.#live.values()) {
      if (older === live || !isSupersededBy(older, plan)) continue;
      older.cancel.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'begun anew' }));
      this.#start(older);
    }
  }

  /** Another process of this user (the CLI) may have gone on with an enrollment that rests here. */
  async #refreshed(live: Live): Promise<Live> {
    if (live.work || !live.entry || !isOpen(live.entry.state)) return live;
    const entry = await this.#ports.journal.read(live.enrollment);
    if (!entry || entry.updatedAt === live.entry.updatedAt) return live;
    live.entry = entry;
    live.error = undefined;
    return live;
  }

  #moved(live: Live, state: State, entry: JournalEntry): void {
    live.entry = { ...entry, state, updatedAt: this.#ports.clock.now() };
    if (state.name !== 'consented') live.held?.release();
    this.#tell(live);
  }

  #pause(live: Live, error: AgentError): void {
    if (error.code === 'ERR_USER_REFUSED') live.held?.refused();
    live.error = error;
    this.#ports.report('enrollment: waits or has ended', {
      enrollment: live.enrollment,
      code: error.code,
      cause: error.cause,
    });
    this.#tell(live);
  }

  #tell(live: Live): void {
    const standing = standingOf(live);
    for (const listener of live.listeners) listener(standing);
  }

  #find(enrollment: EnrollmentId, viewer: Viewer): Live {
    const live = this.#live.get(enrollment);
    if (!live || !isVisible(live, viewer)) throw new AgentError('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
    return live;
  }
}
