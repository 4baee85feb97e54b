/** Begins an enrollment with an order, follows it to its end, and finds it again after a reload. */
import type { EnrollmentId, EnrollmentResult, EnrollmentStatus, Result, StateName } from '../protocol/methods.ts';
import { fromAgent, InkanError, obstacle } from './failure.ts';
import type { Client } from './json-rpc.ts';
import { type ReachOptions, reach } from './reach.ts';
import { reconnecting } from './reconnect.ts';

export type EnrollOptions = ReachOptions & {
  /** Called with every state. An `error` beside a state that is not final says why the agent waits before it tries again. */
  onProgress?: (status: EnrollmentStatus) => void;
};

/** The page's storage keeps the id only. An order holds a secret, and no secret is stored. */
const STORAGE_KEY = 'inkan.enrollment';
const FINAL: readonly StateName[] = ['completed', 'failed', 'abandoned'];

/** If the page's storage is blocked, everything works but `resume`. */
function stored(change?: (storage: Storage) => void): EnrollmentId | null {
  try {
    change?.(sessionStorage);
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

const forget = (): void => void stored((storage) => storage.removeItem(STORAGE_KEY));

/** Reports each state once, even if it comes both as an event and as an answer. */
function progressReporter(options: EnrollOptions): (status: EnrollmentStatus) => void {
  let last = '';
  return ({ enrollment, state, error }) => {
    const now = `${enrollment} ${state} ${error?.code}`;
    if (now !== last) options.onProgress?.({ enrollment, state, ...(error && { error }) });
    last = now;
  };
}

/** Watches until the state is final, then asks once more, because events carry no result. */
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

/** `begin` is called until it has succeeded once. The rest is done again whenever the connection drops. */
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
 * Has the agent carry out the bank's signed order for a new certificate. Resolves when the certificate is on the token,
 * however long that takes. Rejects with an `InkanError`, or with `signal.reason`. Call it after a click (`readiness`).
 */
export function enroll(order: string, options: EnrollOptions = {}): Promise<EnrollmentResult> {
  return follow(async (client) => (await client.call('enroll', { order })).enrollment, options);
}

/** Does the same as `enroll`, for an order that replaces a certificate. */
export function reenroll(order: string, options: EnrollOptions = {}): Promise<EnrollmentResult> {
  return follow(async (client) => (await client.call('reenroll', { order })).enrollment, options);
}

/**
 * Follows the enrollment that this tab began before it was reloaded; `null` if there is none. With `enrollment` it follows
 * that one.
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

/** Stops an enrollment. The agent refuses once it has sent the request to the certification authority. */
export function cancel(enrollment: EnrollmentId, options: ReachOptions = {}): Promise<EnrollmentStatus> {
  return ask((client) => client.call('cancel', { enrollment }), options);
}

/**
 * Tells whether a suitable token is plugged in, this bank's enrollments, and when renewal is open. It also has an enrollment
 * whose tab was closed; `resume({ enrollment })` follows it.
 */
export function status(options: ReachOptions = {}): Promise<Result<'status'>> {
  return ask((client) => client.call('status', {}), options);
}
