/** axe-core on a page whose policy lets no script in: it comes by the debugger, which no policy binds. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds, of any impact: a line each. */
export async function axeViolations(page: Page, selector = 'html'): Promise<string[]> {
  const devtools = await page.context().newCDPSession(page);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', { expression, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await evaluate(await readFile(AXE, 'utf8'));
  const tell = `({ id, impact, nodes }) => id + ' (' + impact + '): ' + nodes[0].html`;
  const found = await evaluate(
    `axe.run(${JSON.stringify(selector)}, { resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations.map(${tell})))`,
  );
  await devtools.detach();
  return JSON.parse(String(found)) as string[];
}
