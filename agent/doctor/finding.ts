/** What a check of `inkan doctor` finds. */
import type { ErrorData } from '../../web-bridge/protocol/envelope.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { describeError } from '../dialog/words.ts';
import type { Environment, Folders } from '../platform/platform.ts';
import type { TokenDescription } from '../ports/token.ts';
import { shareableDetails } from './shareable.ts';

/** Whose PC is looked at. */
export type Subject = { readonly environment: Environment; readonly folders: Folders };

/** What there is to say of a thing in a word or two; the command line has it in the person's language. */
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

/** `shared` is what of it may be sent to the bank's support. */
export type Observation = {
  readonly fact: string;
  readonly shared: string;
  readonly remarks?: readonly Remark[];
  readonly wrong?: true;
};

/** What a check answers: an observation; an error, which stops this person; or a note, an error that is in nobody's way. */
export type Answer = Observation | AgentError | { readonly note: AgentError };

export type Check<Name extends string = string> = {
  readonly check: Name;
  /** May throw an AgentError, which is then its answer. */
  look(subject: Subject): Promise<readonly Answer[]> | readonly Answer[];
};

/**
 * Where something is not as it should be, the members of the error say what, and what to do. They may stand beside
 * `ok: true`: a second module that does not start keeps nobody from using the token of the first.
 */
export type Finding<Name extends string = string> = { readonly check: Name; readonly ok: boolean } & Partial<
  Pick<Observation, 'fact' | 'shared' | 'remarks'> & ErrorData
>;

export function findingOf<Name extends string>(check: Name, answer: Answer): Finding<Name> {
  if ('fact' in answer) {
    const { wrong, ...observed } = answer;
    return { check, ok: !wrong, ...observed };
  }
  const isNote = 'note' in answer;
  const error = isNote ? answer.note : answer;
  const details = Object.values(error.details).join('  ');
  return { check, ok: isNote, fact: details, shared: shareableDetails(error.details), ...describeError(error) };
}
