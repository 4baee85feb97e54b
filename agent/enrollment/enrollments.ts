/**
 * All enrollments of this process: begins them, lets pages watch and cancel their own, goes on with what the journal
 * holds. The work lives here and not in a socket: a closed tab, a reload, a lost connection change nothing. What the work
 * is made of is loaded when there is some: an agent starts for a page that asks whether it is there.
 */
import type { Profile } from '../../native-config/schema.ts';
import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId, EnrollmentResult } from '../../web-bridge/protocol/methods.ts';
import type { Purpose } from '../../web-bridge/protocol/order.ts';
import type { VerifiedOrder } from '../policy/order.ts';
import type { AcceptedOrder } from '../policy/plan.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import type { State } from '../ports/state.ts';
import { isCancellable, isIssued, isOpen } from '../records/states.ts';
import {
  type ActiveEnrollment,
  isBeingGivenUp,
  isOpenFor,
  isStale,
  isSupersededBy,
  isUnderWay,
  isVisible,
  type Listener,
  needsNobody,
  newActiveEnrollment,
  newEnrollmentId,
  type Progress,
  progressOf,
  type Viewer,
} from './active.ts';
import { holdAccount, holdEnrollment, isEnrollmentLocked } from './locks.ts';
import { endTakenOver, takeOver } from './lost-answer.ts';
import type { Prepared } from './prepare.ts';

export class Enrollments {
  readonly #ports: Ports;
  readonly #profiles: () => Promise<readonly Profile[]>;
  readonly #active = new Map<EnrollmentId, ActiveEnrollment>();
  readonly #ending = new AbortController();

  constructor(ports: Ports, profiles: () => Promise<readonly Profile[]>) {
    this.#ports = ports;
    this.#profiles = profiles;
  }

  /** Reads the journal. Called once, before anything else. */
  async recover(): Promise<void> {
    await this.#ports.journal.eraseAbandoned();
    await endTakenOver(this.#ports, this.#ending.signal);
    await this.#learn();
  }

  /** Of enrollments that another process of this user began meanwhile. */
  async #learn(): Promise<void> {
    for (const entry of await this.#ports.journal.list()) if (!this.#active.has(entry.enrollment)) this.#adopt(entry);
  }

  /** Goes on with everything that waits for nobody but the CA (the person is called when it has issued), and gives up what was never sent. */
  goOn(): void {
    for (const active of this.#active.values()) {
      const stale = isStale(active, this.#ports.clock.now());
      if (stale) active.cancel.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'never sent' }));
      if (stale || needsNobody(active)) this.#start(active);
    }
  }

  /** The plans of certificates that wait for the PIN, and that nobody is at work on. */
  async waitingForPin(): Promise<Plan[]> {
    const all = await Promise.all([...this.#active.values()].map((active) => this.#refreshed(active)));
    return all.flatMap(({ work, entry }) =>
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
    const known = [...this.#active.values()].find(({ order: { jti } }) => jti === verified.claims.jti);
    if (known?.entry || known?.work) return this.#join(known, verified, origin);
    // Asked before, but the human never consented: the order is not spent, and asks anew.
    if (known) this.#active.delete(known.enrollment);
    checkValidity(verified.claims, this.#ports.clock.now());
    const accepted = planFor(verified);
    const underWay = [...this.#active.values()].find((one) => isUnderWay(one, accepted.plan));
    if (underWay && isBeingGivenUp(underWay)) {
      await underWay.work;
      return await this.begin(order, origin, purpose);
    }
    if (underWay) return this.#goOnWith(underWay);
    const held = this.#ports.attention.take(origin);
    const { jti } = verified.claims;
    const active = this.#addActive(newEnrollmentId(this.#ports.random), { jti, digest: verified.digest }, origin);
    active.held = held;
    this.#work(active, (signal) => this.#prepareAndRun(active, accepted, signal));
    return active.enrollment;
  }

  /** @throws AgentError ERR_BRIDGE_ENROLLMENT_UNKNOWN, also for another origin's */
  async progress(enrollment: EnrollmentId, viewer: Viewer): Promise<Progress> {
    return progressOf(await this.#refreshed(this.#find(enrollment, viewer)));
  }

  /** The final result of a completed enrollment. */
  async result(enrollment: EnrollmentId, viewer: Viewer): Promise<EnrollmentResult | undefined> {
    const { entry } = await this.#refreshed(this.#find(enrollment, viewer));
    if (entry?.state.name !== 'completed') return undefined;
    const { resultOf } = await import('./result.ts');
    return resultOf(entry.state);
  }

  async list(viewer: Viewer): Promise<Progress[]> {
    const visible = [...this.#active.values()].filter((active) => isVisible(active, viewer));
    return (await Promise.all(visible.map((active) => this.#refreshed(active)))).map(progressOf);
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
  async settled(enrollment: EnrollmentId, viewer: Viewer): Promise<Progress> {
    const active = this.#find(enrollment, viewer);
    await active.work;
    return progressOf(active);
  }

  /** @throws AgentError ERR_BRIDGE_TOO_LATE_TO_CANCEL once the request was sent */
  async cancel(enrollment: EnrollmentId, viewer: Viewer): Promise<Progress> {
    const active = this.#find(enrollment, viewer);
    const waits = active.entry && !active.work;
    if (active.entry && !isCancellable(active.entry.state)) throw new AgentError('ERR_BRIDGE_TOO_LATE_TO_CANCEL');
    active.cancel.abort(new AgentError('ERR_USER_CANCELLED'));
    if (waits) this.#start(active);
    await active.work;
    if (active.entry && active.entry.state.name !== 'abandoned') throw new AgentError('ERR_BRIDGE_TOO_LATE_TO_CANCEL');
    return progressOf(active);
  }

  /** Stops everything where it stands; the journal holds it. */
  async close(): Promise<void> {
    this.#ending.abort(new AgentError('ERR_INTERNAL_FAILED', { reason: 'the agent ends' }));
    await Promise.all([...this.#active.values()].map(({ work }) => work ?? Promise.resolve()));
  }

  #join(active: ActiveEnrollment, { digest }: VerifiedOrder, origin: string): EnrollmentId {
    if (active.origin !== origin || active.order.digest !== digest) throw new AgentError('ERR_POLICY_ORDER_USED');
    return this.#goOnWith(active);
  }

  #goOnWith(active: ActiveEnrollment): EnrollmentId {
    this.#start(active);
    return active.enrollment;
  }

  #addActive(enrollment: EnrollmentId, order: ActiveEnrollment['order'], origin: string): ActiveEnrollment {
    const active = newActiveEnrollment(enrollment, order, origin);
    this.#active.set(enrollment, active);
    return active;
  }

  #adopt(entry: JournalEntry): void {
    const { plan } = entry.state;
    const active = this.#addActive(entry.enrollment, { jti: plan.jti, digest: plan.orderDigest }, plan.origin);
    active.entry = entry;
  }

  /** Starts the work on a journaled enrollment unless it runs already or is over. */
  #start(active: ActiveEnrollment): void {
    if (active.work || !active.entry || !isOpen(active.entry.state)) return;
    const { entry } = active;
    this.#work(active, () => this.#resume(active, entry));
  }

  #work(active: ActiveEnrollment, work: (signal: AbortSignal) => Promise<void>): void {
    active.error = undefined;
    const signal = AbortSignal.any([active.cancel.signal, this.#ending.signal]);
    active.work = work(signal)
      .catch((error: unknown) => this.#pause(active, asAgentError(error)))
      .finally(() => {
        active.work = undefined;
        active.held?.release();
      });
  }

  /** Held from the very beginning: no other process ever finds it journaled and at rest. */
  async #prepareAndRun(active: ActiveEnrollment, accepted: AcceptedOrder, signal: AbortSignal): Promise<void> {
    const unlock = await holdEnrollment(this.#ports.locks, active.enrollment, signal);
    try {
      await this.#prepare(active, accepted, signal);
      if (active.entry) await this.#run(active, active.entry, true);
    } finally {
      await unlock();
    }
  }

  async #prepare(active: ActiveEnrollment, accepted: AcceptedOrder, signal: AbortSignal): Promise<void> {
    const { journal, locks } = this.#ports;
    const unlock = await holdAccount(locks, accepted.plan, signal);
    try {
      const { prepare } = await import('./prepare.ts');
      await this.#refuseBegun(accepted.plan, signal);
      await journal.reserve(active.enrollment);
      await this.#consent(active, await prepare(accepted, this.#ports, signal), signal);
    } catch (error) {
      if (!active.entry) await journal.release(active.enrollment);
      throw error;
    } finally {
      await unlock();
    }
  }

  /** Another process (the CLI, `serve`) may have begun the same since this one looked. */
  async #refuseBegun(plan: Plan, signal: AbortSignal): Promise<void> {
    await this.#learn();
    const known = await Promise.all([...this.#active.values()].map((active) => this.#refreshed(active)));
    if (known.some(({ entry }) => entry?.state.plan.jti === plan.jti)) throw new AgentError('ERR_POLICY_ORDER_USED');
    if (known.some((one) => isUnderWay(one, plan))) throw new AgentError('ERR_BRIDGE_BUSY');
    const same = known.filter((one) => isOpenFor(one, plan));
    const atWork = await Promise.all(
      same.map(({ enrollment }) => isEnrollmentLocked(this.#ports.locks, enrollment, signal)),
    );
    if (atWork.includes(true)) throw new AgentError('ERR_BRIDGE_BUSY');
  }

  /** The human has consented: the order is spent when this is on disk. */
  async #consent(active: ActiveEnrollment, { state, secret, lost }: Prepared, signal: AbortSignal): Promise<void> {
    const { journal, clock } = this.#ports;
    active.held?.approved();
    const now = clock.now();
    const entry: JournalEntry = { enrollment: active.enrollment, startedAt: now, updatedAt: now, state };
    const begin = async (): Promise<void> => {
      await journal.keepSecret(active.enrollment, secret);
      await journal.write(entry);
    };
    if (lost) this.#ended(await takeOver(lost, begin, this.#ports, signal));
    else await begin();
    this.#moved(active, entry.state, entry);
    this.#supersede(active, entry);
  }

  #ended(entry: JournalEntry): void {
    const active = this.#active.get(entry.enrollment);
    if (active) this.#moved(active, entry.state, entry);
  }

  async #resume(active: ActiveEnrollment, known: JournalEntry): Promise<void> {
    const unlock = await holdEnrollment(this.#ports.locks, active.enrollment, this.#ending.signal);
    try {
      // Another process of ours may have gone on with it meanwhile.
      active.entry = (await this.#ports.journal.read(active.enrollment)) ?? known;
      await this.#run(active, active.entry, false);
    } finally {
      await unlock();
    }
  }

  async #run(active: ActiveEnrollment, entry: JournalEntry, begun: boolean): Promise<void> {
    const { runEnrollment } = await import('./run.ts');
    await runEnrollment(entry, {
      ports: this.#ports,
      begun,
      cancelled: active.cancel.signal,
      ending: this.#ending.signal,
      announce: (state) => this.#moved(active, state, entry),
    });
  }

  /** A new order for the same account gives up what an older one began and never sent. */
  #supersede(active: ActiveEnrollment, { state: { plan } }: JournalEntry): void {
    for (const older of this.#active.values()) {
      if (older === active || !isSupersededBy(older, plan)) continue;
      older.cancel.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'begun anew' }));
      this.#start(older);
    }
  }

  /** Another process of this user (the CLI) may have gone on with an enrollment that rests here. */
  async #refreshed(active: ActiveEnrollment): Promise<ActiveEnrollment> {
    if (active.work || !active.entry || !isOpen(active.entry.state)) return active;
    const entry = await this.#ports.journal.read(active.enrollment);
    if (!entry || entry.updatedAt === active.entry.updatedAt) return active;
    active.entry = entry;
    active.error = undefined;
    return active;
  }

  #moved(active: ActiveEnrollment, state: State, entry: JournalEntry): void {
    active.entry = { ...entry, state, updatedAt: this.#ports.clock.now() };
    if (state.name !== 'consented') active.held?.release();
    this.#tell(active);
  }

  #pause(active: ActiveEnrollment, error: AgentError): void {
    if (error.code === 'ERR_USER_REFUSED') active.held?.refused();
    active.error = error;
    this.#ports.report('enrollment: waits or has ended', {
      enrollment: active.enrollment,
      code: error.code,
      cause: error.cause,
    });
    this.#tell(active);
  }

  #tell(active: ActiveEnrollment): void {
    const progress = progressOf(active);
    for (const listener of active.listeners) listener(progress);
  }

  #find(enrollment: EnrollmentId, viewer: Viewer): ActiveEnrollment {
    const active = this.#active.get(enrollment);
    if (!active || !isVisible(active, viewer)) throw new AgentError('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
    return active;
  }
}
