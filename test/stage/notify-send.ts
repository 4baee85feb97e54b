/** A desktop's notify-send as far as the agent sees it: a program on the PATH, which writes down what it was told to show. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type NotifySend = {
  /** To be put before the rest of the PATH. */
  readonly path: string;
  /** What was shown, arguments apart from options. */
  shown(): { readonly title: string; readonly body: string }[];
};

export function stageNotifySend(folder: string): NotifySend {
  const [path, log] = [join(folder, 'notify-send-bin'), join(folder, 'notifications')];
  mkdirSync(path);
  const script = `#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nprintf '%s\\t%s\\n' "$2" "$3" >>'${log}'\n`;
  writeFileSync(join(path, 'notify-send'), script, { mode: 0o700 });
  return {
    path,
    shown() {
      // What is not a whole line is being written: the shell makes the file a moment before there is anything in it.
      const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
      return lines.map((line) => {
        const [title = '', body = ''] = line.split('\t');
        return { title, body };
      });
    },
  };
}
