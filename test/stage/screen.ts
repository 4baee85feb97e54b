/** A screen with a mouse, for what a page cannot reach: the browser's own questions. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where the controls of Chromium 156's permission question are, in a window at the corner of a bare screen. */
const QUESTION = { close: [423, 121], allow: [395, 251], block: [320, 251] } as const;
/** The question takes no answer in its first moments, against clicks that were meant for something else. */
const READABLE_MS = 1_500;

export type Screen = {
  readonly display: string;
  /** What a program on this screen wants in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  click(x: number, y: number): void;
  close(): Promise<void>;
};

export const hasScreen = (): boolean => ['/usr/bin/Xvfb', '/usr/bin/xdotool'].every((path) => existsSync(path));

export async function openScreen(): Promise<Screen> {
  // Without `-noreset` it ends all it knows when the last window closes, while the next one is opening.
  const server = spawn('Xvfb', ['-displayfd', '3', '-noreset', '-screen', '0', '1280x900x24'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const exited = once(server, 'exit');
  const [number] = (await once(server.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer];
  const display = `:${number.toString().trim()}`;
  const { PATH = '', HOME = '/' } = process.env;
  const environment = { PATH, HOME, DISPLAY: display };
  return {
    display,
    environment,
    click: (x, y) =>
      void execFileSync('xdotool', ['mousemove', String(x), String(y), 'click', '1'], { env: environment }),
    async close() {
      server.kill();
      await exited;
    },
  };
}

/** Time enough for the browser's question to be on the screen and ready for an answer. */
export const questionIsReadable = (): Promise<void> => sleep(READABLE_MS);

/** Answers the question as a person does, with the mouse. */
export function answerQuestion(screen: Screen, answer: keyof typeof QUESTION): void {
  const [x, y] = QUESTION[answer];
  screen.click(x, y);
}
