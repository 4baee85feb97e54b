/**
 * A pinentry that writes down what it is told to show and answers as a test decides: the edge where the human's window
 * would be. The agent and the token host find it as they find any, by PATH.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type DialogAnswer = 'approve' | 'refuse' | 'wait';

/** One question, as the Assuan protocol brought it, unescaped. */
export type NotedDialog = { readonly request: 'CONFIRM' | 'GETPIN'; readonly title: string; readonly text: string };

export type NotedDialogs = {
  /** What finds it, over an environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly answer: (answer: DialogAnswer) => void;
  readonly shown: () => NotedDialog[];
};

/** 5 is pinentry as the source of an error (libgpg-error), 99 GPG_ERR_CANCELED. */
const CANCELLED = (5 << 24) | 99;

const program = (notes: string, answer: string, pin: string): string => `#!/bin/sh
echo 'OK Pleased to meet you'
while IFS= read -r line; do
  case "$line" in
    SETTITLE*|SETDESC*|CONFIRM*|GETPIN*) printf '%s\\n' "$line" >> '${notes}' ;;
  esac
  case "$line" in
    CONFIRM*|GETPIN*)
      case "$(cat '${answer}')" in
        refuse) echo 'ERR ${CANCELLED} cancelled'; continue ;;
        wait) exec sleep 600 ;;
      esac ;;
  esac
  case "$line" in GETPIN*) echo 'D ${pin}' ;; esac
  echo OK
done
`;

export function noteDialogs(folder: string, pin: string): NotedDialogs {
  const [bin, notes, answerFile] = [join(folder, 'bin'), join(folder, 'dialogs'), join(folder, 'answer')];
  mkdirSync(bin);
  writeFileSync(join(bin, 'pinentry-qt'), program(notes, answerFile, pin));
  chmodSync(join(bin, 'pinentry-qt'), 0o755);
  const answer = (text: DialogAnswer): void => writeFileSync(answerFile, text);
  answer('approve');
  return {
    environment: { PATH: [bin, process.env['PATH'] ?? ''].join(delimiter), DISPLAY: ':none' },
    answer,
    shown: () => (existsSync(notes) ? dialogsOf(readFileSync(notes, 'utf8')) : []),
  };
}

function dialogsOf(notes: string): NotedDialog[] {
  const dialogs: NotedDialog[] = [];
  let [title, text] = ['', ''];
  for (const line of notes.split('\n')) {
    const [command, parameter] = split(line);
    if (command === 'SETTITLE') title = decodeURIComponent(parameter);
    if (command === 'SETDESC') text = decodeURIComponent(parameter);
    if (command === 'CONFIRM' || command === 'GETPIN') dialogs.push({ request: command, title, text });
  }
  return dialogs;
}

function split(line: string): [string, string] {
  const space = line.indexOf(' ');
  return space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}
