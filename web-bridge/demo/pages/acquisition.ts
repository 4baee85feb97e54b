/**
 * From 電子証明書取得前処理中 to the installed certificate: the whole of what a bank's page does with the SDK.
 * The work is the agent's; this page may be reloaded or closed at any time and finds it again.
 */
import {
  type BridgeState,
  cancel,
  type EnrollmentId,
  type EnrollmentResult,
  type EnrollmentStatus,
  enroll,
  InkanError,
  readiness,
  reenroll,
  resume,
  SDK_WORDS,
  status,
  whenGranted,
} from '../../sdk/inkan.ts';
import { showResult } from './acquisition/details.ts';
import { showFailure } from './acquisition/failure.ts';
import { fetchOrder } from './acquisition/order.ts';
import { showProgress } from './acquisition/progress.ts';
import { fill, find, language, part, root, screen, show } from './acquisition/screens.ts';

const LOOK_FOR_TOKEN_MS = 4_000;
const STORAGE_KEY = 'bank.enrollment';
const FINAL: readonly string[] = ['completed', 'failed', 'abandoned'];
/** The customer's own wish, here or in the agent's dialog: no failure, and nobody to telephone. */
const CANCELLED: readonly string[] = ['ERR_USER_CANCELLED', 'ERR_SDK_ABANDONED'];

/** The enrollment shown, and whether the customer has pressed 中止. */
const current: { enrollment?: EnrollmentId; stopping: boolean; again: () => Promise<void> } = {
  stopping: false,
  again: prepare,
};
let listening = new AbortController();

/** The outcome is also shown again after a reload. The next customer does not see it, because that session has another name. */
function remember(enrollment: EnrollmentId): void {
  sessionStorage.setItem(STORAGE_KEY, `${root.dataset.csrf} ${enrollment}`);
}
function remembered(): EnrollmentId | undefined {
  const [session, enrollment] = sessionStorage.getItem(STORAGE_KEY)?.split(' ') ?? [];
  return session === root.dataset.csrf ? enrollment : undefined;
}

function onProgress({ enrollment, state, error }: EnrollmentStatus): void {
  current.enrollment = enrollment;
  remember(enrollment);
  if (!FINAL.includes(state)) showProgress(state, error);
  if (current.stopping) void stop();
}

/** Shows the end of the work, whatever it is. */
async function conclude(work: (signal: AbortSignal) => Promise<EnrollmentResult | null | undefined>): Promise<void> {
  listening.abort();
  const { signal } = (listening = new AbortController());
  try {
    const result = await work(signal);
    if (result) showResult(result);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof InkanError && CANCELLED.includes(error.code)) show('cancelled');
    else showFailure(error);
  }
}

/** 電子証明書取得前処理中. If the browser will ask, the page explains this first, and connects only after a click. */
async function prepare(): Promise<void> {
  current.again = prepare;
  show('preparing');
  if ((await readiness()) === 'explain') showQuestion('explain');
  else await connect();
}

/** Shows that the browser's question will come, or that it is open now, for as long as the customer needs. */
function showQuestion(moment: 'explain' | 'asking' | 'over'): void {
  part('preparing', 'explain').hidden = moment === 'over';
  part('preparing', 'checking').hidden = moment !== 'over';
  if (moment === 'over') return;
  const words = SDK_WORDS[moment][language];
  fill(screen('preparing'), 'what', words.what);
  fill(screen('preparing'), 'remedy', words.remedy);
  find(screen('preparing'), '[data-do="connect"]').hidden = moment === 'asking';
}

/** The customer changed the browser's setting: go on without another click. */
async function whenAllowed(): Promise<void> {
  await whenGranted();
  if (screen('failure').hidden === false) await prepare();
}

function onState(state: BridgeState): void {
  showQuestion(state === 'asking' ? 'asking' : 'over');
}

async function connect(): Promise<void> {
  showQuestion('over');
  await conclude(async (signal) => {
    const enrollment = remembered();
    const known = await resume({ onProgress, onState, signal, ...(enrollment && { enrollment }) });
    if (known) return known;
    const { token, enrollments } = await status({ onState, signal });
    // An enrollment that another tab began before it was closed.
    const unfinished = enrollments.find(({ state }) => !FINAL.includes(state));
    if (unfinished) return resume({ onProgress, signal, enrollment: unfinished.enrollment });
    if (!token) await waitForToken(signal);
    // 中止 may have been pressed before there was anything to stop.
    if (!screen('preparing').hidden) show('start');
    return undefined;
  });
  if ((await readiness()) === 'denied') await whenAllowed();
}

async function waitForToken(signal: AbortSignal): Promise<void> {
  part('preparing', 'checking').hidden = true;
  part('preparing', 'token').hidden = false;
  do {
    await new Promise((resolve) => setTimeout(resolve, LOOK_FOR_TOKEN_MS));
    signal.throwIfAborted();
  } while (!(await status({ signal })).token);
  part('preparing', 'token').hidden = true;
}

/** 電子証明書取得開始 → 「取得」. */
function acquire(): Promise<void> {
  current.again = acquire;
  delete current.enrollment;
  current.stopping = false;
  showProgress('connecting');
  return conclude(async (signal) => {
    const order = await fetchOrder(signal);
    const run = root.dataset.purpose === 'reenroll' ? reenroll : enroll;
    return run(order, { onProgress, signal });
  });
}

/** 中止. Only the agent can stop what it has begun. `conclude` then gets the outcome. */
async function stop(): Promise<void> {
  current.stopping = screen('issuing').hidden === false;
  if (!current.stopping) {
    listening.abort();
    show('cancelled');
    return;
  }
  if (current.enrollment === undefined) return;
  current.stopping = false;
  await cancel(current.enrollment).catch((error: unknown) => {
    // Too late: the request has been sent, and the agent refuses.
    if (error instanceof InkanError) showRefusedCancel(error);
  });
}

function showRefusedCancel({ words }: InkanError): void {
  const box = part('issuing', 'waiting');
  box.hidden = false;
  fill(box, 'what', words[language].what);
  fill(box, 'remedy', words[language].remedy);
}

/** Browsers let a script close only the windows that scripts have opened. */
function closeWindow(): void {
  close();
  setTimeout(() => {
    part('done', 'close-failed').hidden = false;
  }, 300);
}

const ACTIONS: Readonly<Record<string, () => unknown>> = {
  connect,
  acquire,
  cancel: stop,
  again: () => current.again(),
  close: closeWindow,
};

for (const [name, action] of Object.entries(ACTIONS)) {
  for (const button of root.querySelectorAll(`[data-do="${name}"]`))
    button.addEventListener('click', () => void action());
}
find(document, '#content').setAttribute('data-started', '');
void prepare();
