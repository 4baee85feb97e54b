/** An agent whose only work is to list the tokens of a module that hangs; the test kills it. Argument: the module, as JSON. */
import { createTokens } from '../../agent/token/token.ts';
import type { Pkcs11Module } from '../../native-config/schema.ts';

const module = JSON.parse(process.argv[2] ?? '{}') as Pkcs11Module;
const tokens = createTokens({
  modules: async () => [module],
  dialog: { language: 'en', timeoutMs: 1000 },
  profileFolders: [],
  environment: process.env,
  report: () => {},
});
await tokens.list(new AbortController().signal);
