/**
 * Ends a test that cannot be made here, and says loudly what it needs: mocha counts it as skipped, and so does the last line
 * of `npm test`, never as passed.
 */
export function skip(test: Mocha.Context, needs: string): never {
  process.stderr.write(`\n  !! SKIPPED, nothing was tried: ${needs}\n`);
  return test.skip();
}
