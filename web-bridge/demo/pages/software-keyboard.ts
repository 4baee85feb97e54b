/** ソフトウェアキーボード: enters the login password by mouse, finger, Tab and space, for those who distrust their keyboard. */

const DIGITS = '1234567890';
const ROWS = ['qwertyuiop', 'asdfghjkl/', 'zxcvbnm+=?', '-_.@!#$%&*'];

/** The digits have a new order each time, so that a recording of clicks is worth less. */
function shuffled(text: string): string[] {
  const keys = text.split('');
  for (let last = keys.length - 1; last > 0; last -= 1) {
    const other = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % (last + 1);
    [keys[last], keys[other]] = [keys[other] ?? '', keys[last] ?? ''];
  }
  return keys;
}

function button(label: string, name: string, press: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = label;
  made.className = name;
  made.addEventListener('click', press);
  return made;
}

type Board = {
  panel: HTMLElement;
  input: HTMLInputElement;
  opener: HTMLButtonElement;
  status: HTMLElement;
  capitals: boolean;
};

function announce({ panel, input, status }: Board): void {
  status.textContent = (panel.dataset.count ?? '').replace('{count}', String(input.value.length));
}

function enter(board: Board, value: string): void {
  board.input.value = value;
  board.input.dispatchEvent(new Event('input', { bubbles: true }));
  announce(board);
}

function row(keys: HTMLButtonElement[], name = 'keys'): HTMLElement {
  const made = document.createElement('div');
  made.className = name;
  made.append(...keys);
  return made;
}

/** The letter is read when the key is pressed: 大文字 changes it in place, and the focus stays where it is. */
function characterKey(board: Board, character: string): HTMLButtonElement {
  return button(character, 'key', (): void => {
    enter(board, board.input.value + (board.capitals ? character.toUpperCase() : character));
  });
}

function toggleCapitals(board: Board, shift: HTMLButtonElement): void {
  board.capitals = !board.capitals;
  shift.setAttribute('aria-pressed', String(board.capitals));
  for (const key of board.panel.querySelectorAll('.key')) {
    const text = key.textContent;
    key.textContent = board.capitals ? text.toUpperCase() : text.toLowerCase();
  }
}

function controls(board: Board): HTMLElement {
  const { shift = '', backspace = '', clear = '', close = '' } = board.panel.dataset;
  const shiftKey: HTMLButtonElement = button(shift, 'wide', () => toggleCapitals(board, shiftKey));
  shiftKey.setAttribute('aria-pressed', 'false');
  const keys = [
    shiftKey,
    button(backspace, 'wide', () => enter(board, board.input.value.slice(0, -1))),
    button(clear, 'wide', () => enter(board, '')),
    button(close, 'wide finish', () => toggle(board, false)),
  ];
  return row(keys, 'controls');
}

function build(board: Board): void {
  board.capitals = false;
  const digits = row(shuffled(DIGITS).map((character) => characterKey(board, character)));
  const letters = ROWS.map((keys) => row(keys.split('').map((character) => characterKey(board, character))));
  board.panel.replaceChildren(digits, ...letters, controls(board), board.status);
  announce(board);
}

function toggle(board: Board, open: boolean): void {
  if (open) build(board);
  board.panel.hidden = !open;
  board.opener.setAttribute('aria-expanded', String(open));
  if (open) board.panel.querySelector<HTMLElement>('.key')?.focus();
  else board.input.focus();
}

function start(): void {
  const panel = document.querySelector<HTMLElement>('#software-keyboard');
  const input = document.querySelector<HTMLInputElement>('#password');
  const opener = document.querySelector<HTMLButtonElement>('#keyboard-open');
  if (!panel || !input || !opener) return;
  const status = document.createElement('p');
  status.setAttribute('role', 'status');
  const board: Board = { panel, input, opener, status, capitals: false };
  opener.addEventListener('click', () => toggle(board, panel.hidden !== false));
  panel.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') toggle(board, false);
  });
}

start();
