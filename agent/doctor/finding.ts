/** The checks of `inkan doctor`, and what they find. */
import type { ErrorData } from '../../web-bridge/protocol/envelope.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { describeError } from '../dialog/words.ts';
import type { Environment, Folders } from '../platform/platform.ts';
import type { TokenDescription } from '../ports/token.ts';
import { shareableDetails } from './shareable.ts';

/** What a check works with. */
export type CheckContext = { readonly environment: Environment; readonly folders: Folders };

/** A short remark on a thing that was found. The command line has its text in each language. */
export type Remark =
  | 'free'
  | 'ours'
  | 'foreign'
  | 'allowed'
  | 'notAllowed'
  | 'clockWrong'
  | 'none'
  | 'cannotCreateKeys'
  | 'pinNotSet'
  | keyof Pick<TokenDescription, 'pinLocked' | 'pinFinalTry' | 'pinCountLow' | 'pinPad' | 'writeProtected'>;

/** `fact`: for the person at this PC. `shared`: the part of it that may be sent to the bank's support. */
export type Observation = {
  readonly fact: string;
  readonly shared: string;
  readonly remarks?: readonly Remark[];
  readonly wrong?: true;
};

/** One result of a check: an observation, an error that prevents work, or an error that does not (`note`). */
export type CheckResult = Observation | AgentError | { readonly note: AgentError };

export type Check<Name extends string = string> = {
  readonly check: Name;
  /** An AgentError that it throws is its result. */
  run(context: CheckContext): Promise<readonly CheckResult[]> | readonly CheckResult[];
};

/**
 * A result as it is printed. After an error it has the error's members: what is wrong and what to do. With `ok: true` too, if the
 * error does not prevent work: a second module that does not load does not matter for the token of the first.
 */
export type Finding<Name extends string = string> = { readonly check: Name; readonly ok: boolean } & Partial<
  Pick<Observation, 'fact' | 'shared' | 'remarks'> & ErrorData
>;

export function findingOf<Name extends string>(check: Name, result: CheckResult): Finding<Name> {
  if ('fact' in result) {
    const { wrong, ...observed } = result;
    return { check, ok: !wrong, ...observed };
  }
  const isNote = 'note' in result;
  const error = isNote ? result.note : result;
  const details = Object.values(error.details).join('  ');
  return { check, ok: isNote, fact: details, shared: shareableDetails(error.details), ...describeError(error) };
}
