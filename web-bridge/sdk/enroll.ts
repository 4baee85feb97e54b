/** An enrollment as a page sees it: begun with an order, followed to its end, found again after a reload. */
import type { EnrollmentId, EnrollmentResult, EnrollmentStatus, Result, StateName } from '../protocol/methods.ts';
import { fromAgent, InkanError, obstacle } from './failure.ts';
import type { Client } from './json-rpc.ts';
import { type ReachOptions, reach } from './reach.ts';
import { reconnecting } from './reconnect.ts';

export type EnrollOptions = ReachOptions & {
  /** Called with every state the enrollment reaches. `error` beside a state that is not final: the agent waits and tries on. */
  onProgress?: (status: EnrollmentStatus) => void;
};

/** The id alone: an order holds a secret, and nothing secret is laid down in the page's storage. */
const STORAGE_KEY = 'inkan.enrollment';
const FINAL: readonly StateName[] = ['completed', 'failed', 'abandoned'];

/** A page whose storage is blocked can do all but resume. */
function stored(change?: (storage: Storage) => void): EnrollmentId | null {
  try {
    change?.(sessionStorage);
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

const forget = (): void => void stored((storage) => storage.removeItem(STORAGE_KEY));

/** Hands on each state once, though it may come both as an event and as an answer. */
function progressReporter(options: EnrollOptions): (status: EnrollmentStatus) => void {
  let last = '';
  return ({ enrollment, state, error }) => {
    const now = `${enrollment} ${state} ${error?.code}`;
    if (now !== last) options.onProgress?.({ enrollment, state, ...(error && { error }) });
    last = now;
  };
}

/** Watches until the state is final, and asks once more then: events carry no result. */
async function watch(
  client: Client,
  enrollment: EnrollmentId,
  report: (status: EnrollmentStatus) => void,
): Promise<Result<'watch'>> {
  const ended = new Promise<void>((resolve) => {
    client.onProgress((status) => {
      if (status.enrollment !== enrollment) return;
      report(status);
      if (FINAL.includes(status.state)) resolve();
    });
  });
  const now = await client.call('watch', { enrollment });
  report(now);
  if (FINAL.includes(now.state)) return now;
  await Promise.race([ended, client.closed]);
  return client.call('watch', { enrollment });
}

function outcome({ result, error }: Result<'watch'>): EnrollmentResult {
  if (result) return result;
  throw error ? fromAgent(error) : obstacle('abandoned');
}

/** `begin` is done until it has answered once; the rest as often as the connection drops. */
async function follow(
  begin: (client: Client) => Promise<EnrollmentId>,
  options: EnrollOptions,
): Promise<EnrollmentResult> {
  const report = progressReporter(options);
  let enrollment: EnrollmentId | undefined;
  const end = await reconnecting(async (client) => {
    enrollment ??= await begin(client);
    const id = enrollment;
    stored((storage) => storage.setItem(STORAGE_KEY, id));
    return watch(client, id, report);
  }, options);
  forget();
  return outcome(end);
}

/**
 * Has the agent carry out an order for a new certificate, which the bank's server has signed. Resolves when the
 * certificate is on the token, however long that takes; rejects with an `InkanError`, or with `signal.reason`. Call it
 * after a click (`readiness`).
 */
export function enroll(order: string, options: EnrollOptions = {}): Promise<EnrollmentResult> {
  return follow(async (client) => (await client.call('enroll', { order })).enrollment, options);
}

/** As `enroll`, for an order that replaces a certificate. */
export function reenroll(order: string, options: EnrollOptions = {}): Promise<EnrollmentResult> {
  return follow(async (client) => (await client.call('reenroll', { order })).enrollment, options);
}

/**
 * Goes on following the enrollment that this tab began before it was reloaded; `null` if there is none. With
 * `enrollment` it follows that one.
 */
export async function resume(
  options: EnrollOptions & { enrollment?: EnrollmentId } = {},
): Promise<EnrollmentResult | null> {
  const enrollment = options.enrollment ?? stored();
  if (!enrollment) return null;
  try {
    return await follow(async () => enrollment, options);
  } catch (error) {
    if (!(error instanceof InkanError) || error.code !== 'ERR_BRIDGE_ENROLLMENT_UNKNOWN') throw error;
    forget();
    return null;
  }
}

async function ask<T>(question: (client: Client) => Promise<T>, options: ReachOptions): Promise<T> {
  const client = await reach(options);
  try {
    return await question(client);
  } finally {
    client.close();
  }
}

/** Stops an enrollment; refused once the request has been sent to the certification authority. */
export function cancel(enrollment: EnrollmentId, options: ReachOptions = {}): Promise<EnrollmentStatus> {
  return ask((client) => client.call('cancel', { enrollment }), options);
}

/**
 * Whether a suitable token is plugged in, this bank's enrollments, and when renewal is open. An enrollment whose tab
 * was closed is found here; `resume({ enrollment })` follows it.
 */
export function status(options: ReachOptions = {}): Promise<Result<'status'>> {
  return ask((client) => client.call('status', {}), options);
}
