/** Beside a mutant, whatever is chosen at random is chosen the same way each time: a run can be run again. */
import * as fc from 'fast-check';

fc.configureGlobal({ seed: 1 });
