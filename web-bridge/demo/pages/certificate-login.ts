/** 電子証明書ログイン: the whole of what a bank's page does. An order from the server, a log-in by the agent, the answer back. */
import { authenticate, readiness, SDK_WORDS, whenGranted } from '../../sdk/inkan.ts';
import { fill, find, language, onClick, post, show, showFailure } from './parts/agent-part.ts';

const root = find(document, '#certificate-login');

async function logIn(): Promise<void> {
  show(root, 'working');
  try {
    const { order = '' } = await post(root, '/certificate-login/order');
    const { location: next = '/account' } = await post(root, '/certificate-login', await authenticate(order));
    location.replace(next);
  } catch (error) {
    showFailure(root, error);
  }
}

/** Where the browser will ask, it is explained first, and the connection waits for a click. */
async function begin(): Promise<void> {
  if ((await readiness()) !== 'explain') return connect();
  fill(find(root, '[data-part="explain"]'), SDK_WORDS.explain[language]);
  show(root, 'explain');
}

async function connect(): Promise<void> {
  await logIn();
  if ((await readiness()) !== 'denied') return;
  // The customer changes the browser's setting: go on without another click.
  await whenGranted();
  await logIn();
}

onClick(root, { start: connect, again: logIn });
void begin();
