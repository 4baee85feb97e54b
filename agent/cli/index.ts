#!/usr/bin/env node
/**
 * The command line, `inkan`. A page waits while the service starts, and what reads a command line with its help is half
 * of the code of a start: `serve` as it is written in service files is understood without it.
 */
import { concluding } from './outcome.ts';
import { runService } from './serve.ts';
import { serviceOptions } from './service-options.ts';

const service = serviceOptions(process.argv.slice(2));
// Not awaited: the bundle is CommonJS, where nothing is awaited at the top.
void (service
  ? concluding(service, () => runService(service))
  : import('./program.ts').then(({ runProgram }) => runProgram()));
