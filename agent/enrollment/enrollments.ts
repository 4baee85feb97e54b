/**
 * All enrollments of this process. It begins them, resumes those in the journal, and lets a page watch and cancel its own. The
 * work does not depend on a connection: a closed tab or a reload does not stop it.
 *
 * The modules that do the work are imported when there is work. So the agent starts quickly for a page that only looks for it.
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
  canRunUnattended,
  isBeingAbandoned,
  isOpenFor,
  isOverdue,
  isSupersededBy,
  isUnderWay,
  isVisible,
  type Listener,
  newActiveEnrollment,
  newEnrollmentId,
  type Progress,
  progressOf,
  type Viewer,
} from './active.ts';
import { holdAccount, holdEnrollment, isEnrollmentLocked } from './locks.ts';
import { finishTakeOvers, takeOver } from './lost-answer.ts';
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
    await finishTakeOvers(this.#ports, this.#ending.signal);
    await this.#adoptNew();
  }

  /** Reads the journal for enrollments that another process of this user began. */
  async #adoptNew(): Promise<void> {
    for (const entry of await this.#ports.journal.list()) if (!this.#active.has(entry.enrollment)) this.#adopt(entry);
  }

  /**
   * Resumes the enrollments that wait for the CA only; a notification calls the person when the CA has issued. Abandons those
   * whose request was not sent in time.
   */
  resumeUnattended(): void {
    for (const active of this.#active.values()) {
      const overdue = isOverdue(active, this.#ports.clock.now());
      if (overdue) active.cancel.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'never sent' }));
      if (overdue || canRunUnattended(active)) this.#start(active);
    }
  }

  /** The plans of issued certificates that wait for the PIN, if no process works on them. */
  async waitingForPin(): Promise<Plan[]> {
    const all = await Promise.all([...this.#active.values()].map((active) => this.#refreshed(active)));
    return all.flatMap(({ work, entry }) =>
      entry && !work && isOpen(entry.state) && isIssued(entry.state) ? [entry.state.plan] : [],
    );
  }

  /**
   * Verifies the order, and begins its enrollment or joins the one that it began. Resolves before a dialog opens.
   * @throws AgentError ERR_POLICY_*, ERR_BRIDGE_BUSY
   */
  async begin(order: string, origin: string, purpose: Extract<Purpose, 'enroll' | 'reenroll'>): Promise<EnrollmentId> {
    const { checkValidity, verifyOrder } = await import('../policy/order.ts');
    const { planFor } = await import('../policy/plan.ts');
    const verified = await verifyOrder(order, origin, purpose, await this.#profiles());
    await this.#adoptNew();
    const known = [...this.#active.values()].find(({ order: { jti } }) => jti === verified.claims.jti);
    if (known?.entry || known?.work) return this.#join(known, verified, origin);
    // The human did not consent to this order, so it is not spent and begins anew.
    if (known) this.#active.delete(known.enrollment);
    checkValidity(verified.claims, this.#ports.clock.now());
    const accepted = planFor(verified);
    const underWay = [...this.#active.values()].find((one) => isUnderWay(one, accepted.plan));
    if (underWay && isBeingAbandoned(underWay)) {
      await underWay.work;
      return await this.begin(order, origin, purpose);
    }
    if (underWay) return this.#resumeAndReturn(underWay);
    const attention = this.#ports.attention.take(origin);
    const { jti } = verified.claims;
    const active = this.#addActive(newEnrollmentId(this.#ports.random), { jti, digest: verified.digest }, origin);
    active.attention = attention;
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

  /** Calls the listener at each change of state. Returns a function that ends this. */
  listen(enrollment: EnrollmentId, viewer: Viewer, listener: Listener): () => void {
    const { listeners } = this.#find(enrollment, viewer);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Resumes an enrollment that waits. */
  resume(enrollment: EnrollmentId, viewer: Viewer): void {
    this.#start(this.#find(enrollment, viewer));
  }

  /** Resolves when the enrollment has ended or waits for something. */
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

  /** Stops all work. The journal has the states, so that a later run can resume. */
  async close(): Promise<void> {
    this.#ending.abort(new AgentError('ERR_INTERNAL_FAILED', { reason: 'the agent ends' }));
    await Promise.all([...this.#active.values()].map(({ work }) => work ?? Promise.resolve()));
  }

  #join(active: ActiveEnrollment, { digest }: VerifiedOrder, origin: string): EnrollmentId {
    if (active.origin !== origin || active.order.digest !== digest) throw new AgentError('ERR_POLICY_ORDER_USED');
    return this.#resumeAndReturn(active);
  }

  #resumeAndReturn(active: ActiveEnrollment): EnrollmentId {
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

  /** Starts to work on an enrollment from the journal, unless there is work on it or it has ended. */
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
        active.attention?.release();
      });
  }

  /** Takes the enrollment's lock before the first journal entry, so that no other process can resume it meanwhile. */
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
      await this.#refuseDuplicate(accepted.plan, signal);
      await journal.reserve(active.enrollment);
      await this.#recordConsent(active, await prepare(accepted, this.#ports, signal), signal);
    } catch (error) {
      if (!active.entry) await journal.release(active.enrollment);
      throw error;
    } finally {
      await unlock();
    }
  }

  /** Another process (the CLI or `serve`) may have begun the same enrollment since the check in `begin`. */
  async #refuseDuplicate(plan: Plan, signal: AbortSignal): Promise<void> {
    await this.#adoptNew();
    const known = await Promise.all([...this.#active.values()].map((active) => this.#refreshed(active)));
    if (known.some(({ entry }) => entry?.state.plan.jti === plan.jti)) throw new AgentError('ERR_POLICY_ORDER_USED');
    if (known.some((one) => isUnderWay(one, plan))) throw new AgentError('ERR_BRIDGE_BUSY');
    const same = known.filter((one) => isOpenFor(one, plan));
    const locked = await Promise.all(
      same.map(({ enrollment }) => isEnrollmentLocked(this.#ports.locks, enrollment, signal)),
    );
    if (locked.includes(true)) throw new AgentError('ERR_BRIDGE_BUSY');
  }

  /** Journals the consent. The order is spent once the entry is on disk. */
  async #recordConsent(
    active: ActiveEnrollment,
    { state, secret, lost }: Prepared,
    signal: AbortSignal,
  ): Promise<void> {
    const { journal, clock } = this.#ports;
    active.attention?.approved();
    const now = clock.now();
    const entry: JournalEntry = { enrollment: active.enrollment, startedAt: now, updatedAt: now, state };
    const begin = async (): Promise<void> => {
      await journal.keepSecret(active.enrollment, secret);
      await journal.write(entry);
    };
    if (lost) this.#showEnded(await takeOver(lost, begin, this.#ports, signal));
    else await begin();
    this.#setState(active, entry.state, entry);
    this.#supersede(active, entry);
  }

  #showEnded(entry: JournalEntry): void {
    const active = this.#active.get(entry.enrollment);
    if (active) this.#setState(active, entry.state, entry);
  }

  async #resume(active: ActiveEnrollment, known: JournalEntry): Promise<void> {
    const unlock = await holdEnrollment(this.#ports.locks, active.enrollment, this.#ending.signal);
    try {
      // Another process may have worked on it meanwhile, so the journal's entry counts.
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
      announce: (state) => this.#setState(active, state, entry),
    });
  }

  /** Abandons older enrollments of the same account whose request was not sent. */
  #supersede(active: ActiveEnrollment, { state: { plan } }: JournalEntry): void {
    for (const older of this.#active.values()) {
      if (older === active || !isSupersededBy(older, plan)) continue;
      older.cancel.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'begun anew' }));
      this.#start(older);
    }
  }

  /** Reads the entry again if no work is done here: another process (the CLI) may have resumed the enrollment. */
  async #refreshed(active: ActiveEnrollment): Promise<ActiveEnrollment> {
    if (active.work || !active.entry || !isOpen(active.entry.state)) return active;
    const entry = await this.#ports.journal.read(active.enrollment);
    if (!entry || entry.updatedAt === active.entry.updatedAt) return active;
    active.entry = entry;
    active.error = undefined;
    return active;
  }

  #setState(active: ActiveEnrollment, state: State, entry: JournalEntry): void {
    active.entry = { ...entry, state, updatedAt: this.#ports.clock.now() };
    if (state.name !== 'consented') active.attention?.release();
    this.#notifyListeners(active);
  }

  #pause(active: ActiveEnrollment, error: AgentError): void {
    if (error.code === 'ERR_USER_REFUSED') active.attention?.refused();
    active.error = error;
    this.#ports.report('enrollment: it waits, or has ended with an error', {
      enrollment: active.enrollment,
      code: error.code,
      cause: error.cause,
    });
    this.#notifyListeners(active);
  }

  #notifyListeners(active: ActiveEnrollment): void {
    const progress = progressOf(active);
    for (const listener of active.listeners) listener(progress);
  }

  #find(enrollment: EnrollmentId, viewer: Viewer): ActiveEnrollment {
    const active = this.#active.get(enrollment);
    if (!active || !isVisible(active, viewer)) throw new AgentError('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
    return active;
  }
}
