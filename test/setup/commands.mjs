/** What each npm command takes. Read before anything is installed or built, and again by the program that then runs. */
import { parseArgs } from 'node:util';

export const SUITES = /** @type {const} */ ([
  'architecture',
  'unit',
  'contract',
  'integration',
  'end to end',
  'integration on the bridge',
  'security',
]);

export const BENCH_TOPICS = /** @type {const} */ ([
  'enrollment',
  'readiness',
  'bridge',
  'login',
  'listing',
  'side-by-side',
  'load',
  'endurance',
  'sizes',
]);

/**
 * @typedef {object} Option
 * @property {string} does
 * @property {string} [value] how its value is called; without it the option takes none
 * @property {RegExp} [shape] of the value
 * @property {true} [required]
 */
/**
 * @typedef {object} Command
 * @property {string} npm what a person types
 * @property {string} does
 * @property {Readonly<Record<string, Option>>} options
 * @property {{ called: string, among: readonly string[] }} [words]
 * @property {string[]} program what Node runs in the end
 */

/** @typedef {'demo' | 'test' | 'token' | 'bench' | 'screenshots'} CommandName */

/** @type {Readonly<Record<CommandName, Command>>} */
export const COMMANDS = {
  demo: {
    npm: 'npm run demo',
    does: 'starts a throw-away token, the reference bank and the agent, for a person in front of a browser',
    options: { auto: { does: 'walks the journey without a person, then calls witnesses that are not ours' } },
    program: ['dist/test/demo/main.js'],
  },
  test: {
    npm: 'npm test',
    does: 'runs all tests, or the suites that are named; INKAN_FULL=1 in the environment runs the longer ones in full',
    options: { coverage: { does: 'measures what they reach' } },
    words: { called: 'suite', among: SUITES },
    program: ['test/run.mjs'],
  },
  token: {
    npm: 'npm run test:token',
    does: 'tries the contract of a token on a token of your own; what it makes there it removes',
    options: {
      module: { value: 'PATH', does: "the vendor's PKCS#11 module", required: true },
      slot: { value: 'N', does: 'which slot, where the module shows several tokens', shape: /^\d{1,10}$/ },
      keys: { value: 'TYPE,…', does: 'only these key types, such as rsa-2048,ec-p256' },
      means: {
        value: 'WORD',
        does: 'hardware (without the option), emulated or software, for the row of the result',
        shape: /^(hardware|emulated|software)$/,
      },
      parameters: { value: 'TEXT', does: 'for C_Initialize, where the module wants some' },
      env: { value: 'NAME=VALUE', does: 'for the environment of the module; may be repeated', shape: /^[^=]+=/ },
    },
    program: ['dist/test/token/main.js'],
  },
  bench: {
    npm: 'npm run bench',
    does: 'measures all topics, or those that are named; writes dist/bench/results.json and results.svg',
    options: {
      quick: { does: 'a few rounds only' },
      long: { does: 'the 10,000 reconnects and 500 enrollments' },
    },
    words: { called: 'topic', among: BENCH_TOPICS },
    program: ['dist/test/bench/main.js'],
  },
  screenshots: {
    npm: 'npm run screenshots',
    does: 'writes every screen of the reference bank, in both languages, to docs/screenshots',
    options: {},
    program: ['dist/test/screenshots.js'],
  },
};

/**
 * The values that were given to each option; `['']` for an option that takes none.
 * @typedef {Readonly<Record<string, readonly string[]>>} Given
 */

/**
 * @param {string | undefined} name
 * @returns {name is CommandName}
 */
export function isCommand(name) {
  return name !== undefined && Object.hasOwn(COMMANDS, name);
}

/** @type {() => string} */
export function usageOfAll() {
  const rows = Object.entries(COMMANDS).map(([name, { does }]) => [name, does]);
  return `usage: node test/setup.mjs COMMAND [OPTION …]; COMMAND --help says more\n\n${table(rows)}`;
}

/** @type {(name: CommandName) => string} */
export function usage(name) {
  const { npm, does, options, words } = COMMANDS[name];
  const known = Object.entries(options);
  const shown = known.map(([option, { value, required }]) => {
    const text = value ? `--${option} ${value}` : `--${option}`;
    return required ? text : `[${text}]`;
  });
  const all = words ? [...shown, `[${words.called.toUpperCase()} …]`] : shown;
  const rows = known.map(([option, { value, does }]) => [value ? `--${option} ${value}` : `--${option}`, does]);
  const list = words ? `\n\n${words.called}s: ${words.among.map(quoted).join(', ')}` : '';
  const line = [npm, ...(all.length > 0 ? ['--', ...all] : [])].join(' ');
  return `usage: ${line}\n\nIt ${does}.\n\n${table([...rows, ['--help', 'shows this']])}${list}`;
}

/**
 * The arguments of one command; where they are wrong, a sentence that says what.
 * @param {CommandName} name
 * @param {readonly string[]} args
 * @returns {{ help: true } | { flaw: string } | { given: Given, words: readonly string[] }}
 */
export function readArguments(name, args) {
  const { options, words: allowed } = COMMANDS[name];
  /** @type {Record<string, string[]>} */
  const given = {};
  /** @type {string[]} */
  const words = [];
  for (const token of tokensOf(options, args)) {
    if (token.kind === 'option' && ['help', 'h'].includes(token.name)) return { help: true };
    const flaw = token.kind === 'option' ? flawOfOption(options, token) : flawOfWord(allowed, token);
    if (flaw) return { flaw };
    if (token.kind === 'option') (given[token.name] ??= []).push(token.value ?? '');
    if (token.kind === 'positional') words.push(token.value);
  }
  const lacking = Object.keys(options).find((option) => options[option]?.required && !given[option]);
  return lacking ? { flaw: `--${lacking} is needed.` } : { given, words };
}

/**
 * The same for a program: where there is nothing to run, it says so and ends the process, with 2 where something was wrong.
 * @param {CommandName} name
 * @param {readonly string[]} [args]
 * @returns {{ given: Given, words: readonly string[] }}
 */
export function argumentsOf(name, args = process.argv.slice(2)) {
  const read = readArguments(name, args);
  if ('given' in read) return read;
  if ('help' in read) console.log(usage(name));
  else console.error(`${read.flaw}\n\n${usage(name)}`);
  return process.exit('help' in read ? 0 : 2);
}

/**
 * @typedef {{ kind: 'option', name: string, rawName: string, value?: string | undefined, inlineValue?: boolean | undefined }} OptionToken
 * @typedef {{ kind: 'positional', value: string }} WordToken
 */

/** @type {(options: Readonly<Record<string, Option>>, args: readonly string[]) => (OptionToken | WordToken | { kind: 'option-terminator' })[]} */
function tokensOf(options, args) {
  const known = Object.entries(options).map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' }]);
  // Not strict: the flaws are told in our own words.
  return parseArgs({ args: [...args], options: Object.fromEntries(known), strict: false, tokens: true }).tokens;
}

/** @type {(options: Readonly<Record<string, Option>>, token: OptionToken) => string | undefined} */
function flawOfOption(options, { name, rawName, value, inlineValue }) {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!option) return `There is no option ${rawName}.`;
  if (!option.value) return value === undefined ? undefined : `${rawName} takes no value.`;
  // What begins like an option is one that was meant, unless it was joined by `=`.
  if (!value || (value.startsWith('-') && !inlineValue)) return `${rawName} needs a value: ${rawName} ${option.value}.`;
  if (!option.shape || option.shape.test(value)) return undefined;
  return `${rawName} does not take ${quoted(value)}. ${rawName} ${option.value}: ${option.does}.`;
}

/** @type {(allowed: Command['words'], token: WordToken | { kind: 'option-terminator' }) => string | undefined} */
function flawOfWord(allowed, token) {
  if (token.kind !== 'positional' || allowed?.among.includes(token.value)) return undefined;
  return allowed
    ? `There is no ${allowed.called} ${quoted(token.value)}.`
    : `${quoted(token.value)} has no meaning here.`;
}

/** @type {(text: string) => string} */
const quoted = (text) => (/^[\w-]+$/.test(text) ? text : `"${text}"`);

/** @type {(rows: readonly string[][]) => string} */
function table(rows) {
  const width = Math.max(...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', second]) => `  ${first.padEnd(width)}   ${second}`).join('\n');
}
