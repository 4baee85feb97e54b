/** Gets the order from our own server, at the click. It is passed on to the agent and kept nowhere. */
import { PageFailure } from './failure.ts';
import { root, word } from './screens.ts';

type OrderAnswer = { order?: string; what?: string; remedy?: string; support?: string };

export async function fetchOrder(signal: AbortSignal): Promise<string> {
  const headers = { 'x-csrf-token': root.dataset.csrf ?? '' };
  const answer = await fetch('/order', { method: 'POST', headers, signal })
    .then((response) => response.json() as Promise<OrderAnswer>)
    .catch((error: unknown): OrderAnswer => {
      signal.throwIfAborted();
      console.error(error);
      return {};
    });
  if (answer.order !== undefined) return answer.order;
  const { what = word('order.failed.what'), remedy = word('order.failed.remedy'), support } = answer;
  // The server refused with a reason. Asking again would bring the same answer.
  throw new PageFailure({ what, remedy, support: support ?? 'K10', retry: support === undefined });
}
