#!/usr/bin/env node
/** The command line, `inkan`: one file a command. What a command needs is loaded when it runs. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { registerCertificates } from './certificates.ts';
import { registerDoctor } from './doctor.ts';
import { registerEnroll } from './enroll.ts';
import { registerEnrollments } from './enrollments.ts';
import { registerProfile } from './profile.ts';
import { registerResume } from './resume.ts';
import { registerServe } from './serve.ts';
import { registerTokens } from './tokens.ts';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('inkan')
  .description('電子証明書アプリ: a key on your USB token, certified by your bank')
  .version(manifest.version)
  .showHelpAfterError();

for (const register of [
  registerServe,
  registerEnroll,
  registerEnrollments,
  registerResume,
  registerTokens,
  registerCertificates,
  registerProfile,
  registerDoctor,
]) {
  register(program);
}

await program.parseAsync();
