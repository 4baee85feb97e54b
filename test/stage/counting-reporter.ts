/** Mocha's `spec` reporter, which also writes down how many tests passed, failed and were skipped, and why they failed. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

// Mocha loads a reporter by its default export.
// oxlint-disable-next-line import/no-default-export
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const counts: unknown = (options.reporterOptions as Record<string, unknown> | undefined)?.['counts'];
    const told: string[] = [];
    runner.on('fail', (test: Mocha.Test, error: Error) =>
      told.push(`${test.fullTitle()}\n${error.stack ?? error.message}`),
    );
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      if (typeof counts === 'string')
        writeFileSync(counts, JSON.stringify({ passed: passes, failed: failures, skipped: pending, failures: told }));
    });
  }
}
