/** The old certificate is taken from the token, at a click and with the agent's own question. */
import { remove } from '../../sdk/inkan.ts';
import { find, onClick, post, show, showFailure } from './parts/agent-part.ts';

const root = find(document, '#removal');

async function removeOld(): Promise<void> {
  show(root, 'working');
  try {
    const { order = '' } = await post(root, '/removal/order');
    await remove(order);
    await post(root, '/removal');
    show(root, 'done');
  } catch (error) {
    showFailure(root, error);
  }
}

onClick(root, { start: removeOld, again: removeOld });
