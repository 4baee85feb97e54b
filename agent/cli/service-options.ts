/** The options of `inkan serve`, read without the library that knows all commands. */
import type { CommonOptions } from './outcome.ts';

export type ServiceOptions = CommonOptions & { readonly allowRoot?: true; readonly port?: string[] };

/** What an option and the words behind it say, or `undefined` where that is not how it is used. */
type Reading = (words: string[]) => ServiceOptions | undefined;

const READINGS: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ['--json', ({ length }) => (length === 0 ? { json: true } : undefined)],
  ['--allow-root', ({ length }) => (length === 0 ? { allowRoot: true } : undefined)],
  ['--port', (port) => (port.length > 0 ? { port } : undefined)],
  ['--scripted-human', ([file, ...more]) => (file && more.length === 0 ? { scriptedHuman: file } : undefined)],
]);

/** `undefined` for another command, for help, and for whatever else than its options, each once: the library says why. */
export function serviceOptions([command, ...words]: readonly string[]): ServiceOptions | undefined {
  if (command !== 'serve') return undefined;
  const asked = new Map<string, string[]>();
  let behind: string[] | undefined;
  for (const word of words) {
    if (!word.startsWith('-')) behind?.push(word);
    if (word.startsWith('-') ? asked.has(word) : !behind) return undefined;
    if (word.startsWith('-')) asked.set(word, (behind = []));
  }
  const read = [...asked].map(([option, values]) => READINGS.get(option)?.(values));
  return read.every((one) => one !== undefined) ? Object.assign({}, ...read) : undefined;
}
