/** A small JSON document on disk that survives a crash: written whole, synced, renamed. One process writes it. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

/** For the owner only, because these files name customers. */
const OWNER_ONLY = 0o600;

export function writeWhole(file: string, text: string): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', OWNER_ONLY);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

export class StateFile<State> {
  readonly #file: string;
  #state: State;

  /** Reads the file, or begins with what `initial` makes. */
  constructor(file: string, initial: () => State) {
    this.#file = file;
    const exists = existsSync(file);
    this.#state = exists ? (JSON.parse(readFileSync(file, 'utf8')) as State) : initial();
    if (!exists) writeWhole(file, JSON.stringify(this.#state, null, 2));
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  /** Changes a copy. The change takes effect when all of it is on disk, never in part. */
  change(edit: (draft: State) => void): void {
    const draft = structuredClone(this.#state);
    edit(draft);
    writeWhole(this.#file, JSON.stringify(draft, null, 2));
    this.#state = draft;
  }
}
