/** 電子証明書発行処理中: shows the agent's progress. */
import { dialogTitle, type EnrollmentStatus } from '../../../sdk/inkan.ts';
import { fill, find, language, part, screen, show } from './screens.ts';

type Shown = EnrollmentStatus['state'] | 'connecting';

/** The states in which the enrollment can be cancelled: the request has not been sent. */
const CANCELLABLE: readonly Shown[] = ['connecting', 'accepted', 'consented', 'key-generated', 'csr-signed'];

function markWork(state: Shown): void {
  const items = [...screen('issuing').querySelectorAll<HTMLElement>('[data-state]')];
  // Waiting for approval is waiting for the answer.
  const reached = state === 'pending' ? 'sent' : state;
  const current = items.findIndex(({ dataset }) => dataset.state === reached);
  for (const [at, item] of items.entries()) {
    const mark = at < current || state === 'completed' ? 'done' : at === current ? 'current' : 'waiting';
    item.dataset.mark = mark;
    const note = find(item, 'small');
    note.textContent = note.dataset[mark] ?? '';
  }
  const text = items[current]?.querySelector('span')?.textContent ?? '';
  part('issuing', 'announcement').textContent = text;
}

/** An `error` beside a state says why the agent waits. */
function showWaiting(error: EnrollmentStatus['error']): void {
  const box = part('issuing', 'waiting');
  box.hidden = error === undefined;
  if (!error) return;
  fill(box, 'what', error.words[language].what);
  fill(box, 'remedy', error.words[language].remedy);
}

/** A dialog of the agent may be open behind the browser. Its title tells the customer what to look for. */
function showDialog(state: Shown): void {
  const title = state === 'connecting' ? undefined : dialogTitle(state, language);
  const box = part('issuing', 'dialog');
  box.hidden = title === undefined;
  if (title) fill(box, 'dialog-title', title);
}

export function showProgress(state: Shown, error?: EnrollmentStatus['error']): void {
  show('issuing');
  markWork(state);
  showWaiting(error);
  part('issuing', 'pending').hidden = state !== 'pending';
  showDialog(state);
  part('issuing', 'cancellable').hidden = !CANCELLABLE.includes(state);
  part('issuing', 'sent').hidden = CANCELLABLE.includes(state) || state === 'pending';
}
