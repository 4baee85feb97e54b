/** Errors and states in the words of `agent/dialog/locales`, for the command line. */
import { type ErrorData, errorDataOf } from '../web-bridge/protocol/envelope.ts';
import { asAgentError } from '../web-bridge/protocol/errors.ts';
import type { StateName } from '../web-bridge/protocol/methods.ts';
import type { Language } from './dialog/dialog.ts';
import { say, systemLanguage, wordsFor } from './dialog/words.ts';

export function describeError(thrown: unknown): ErrorData {
  return errorDataOf(asAgentError(thrown), wordsFor);
}

export function stateWords(language: Language, state: StateName): string {
  return say(language, `state.${state}`);
}

export function languageOf(environment: NodeJS.ProcessEnv): Language {
  return systemLanguage(environment);
}
