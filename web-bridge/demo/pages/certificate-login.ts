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
  const state = await readiness();
  if (state === 'explain') {
    fill(find(root, '[data-part="explain"]'), SDK_WORDS.explain[language]);
    return show(root, 'explain');
  }
  await logIn();
  if (state === 'denied') {
    await whenGranted();
    await logIn();
  }
}

onClick(root, { start: logIn, again: logIn });
void begin();
