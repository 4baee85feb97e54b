/** A human at a desktop who approves everything and of whom is counted what was asked: a program in pinentry's place. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Speaks as much Assuan as the agent does. */
const PROGRAM = `#!/bin/sh
folder=$(dirname "$0")
echo OK
while IFS= read -r line; do
  case "$line" in
    SETTITLE*) title=\${line#SETTITLE } ;;
    GETPIN*) echo "PIN: $title" >>"$folder/windows"; echo "D $(cat "$folder/pin")" ;;
    CONFIRM*) echo "confirm: $title" >>"$folder/windows" ;;
  esac
  echo OK
done
`;

export type CountedHuman = {
  /** For the agent: this program stands first on PATH, and a display is said to be there. */
  readonly environment: NodeJS.ProcessEnv;
  /** The windows that were shown, in order: what was asked, and the title. */
  windows(): string[];
};

export function layCountedHuman(folder: string, pin: string): CountedHuman {
  const bin = join(folder, 'pinentry');
  mkdirSync(bin, { mode: 0o700 });
  writeFileSync(join(bin, 'pin'), pin, { mode: 0o600 });
  writeFileSync(join(bin, 'pinentry-qt'), PROGRAM, { mode: 0o700 });
  const log = join(bin, 'windows');
  return {
    environment: { PATH: `${bin}:${process.env['PATH']}`, DISPLAY: ':none' },
    windows: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
}
