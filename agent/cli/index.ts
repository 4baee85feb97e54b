#!/usr/bin/env node
/**
 * The command line, `inkan`. A page waits while the service starts, and the library that explains a command line is half of the
 * code of a start. So `serve` as service files write it is read without that library; everything else goes to it.
 */
import { runCommand } from './outcome.ts';
import { runService, serviceOptions } from './serve.ts';

const service = serviceOptions(process.argv.slice(2));
if (service) await runCommand(service, () => runService(service));
else await (await import('./program.ts')).runProgram();
