/** The journey without a person: a real headless Chromium on the real pages, a scripted human for the dialogs. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Bank } from '../../web-bridge/demo/bank.ts';
import type { EnrollmentResult } from '../../web-bridge/protocol/methods.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { acquire, goToAcquisition, identify, shownDetails, waitForDone, waitForStart } from '../stage/customer.ts';
import type { CustomerPc } from '../stage/customer-pc.ts';
import { inkan } from '../stage/served-agent.ts';
import { callWitnesses } from './witnesses.ts';

export type Stage = { readonly bank: Bank; readonly pc: CustomerPc; readonly stateFolder: string };

/** @returns the exit status: 0 only if every witness agreed */
export async function runUnattended(stage: Stage): Promise<number> {
  const { bank, stateFolder } = stage;
  const context = await openBrowser({ profileFolder: join(stateFolder, 'chromium') });
  try {
    const page = await firstPage(context);
    await walk(page, bank);
    const shown = await shownDetails(page);
    await page.screenshot({ path: join(stateFolder, 'done.png'), fullPage: true });
    const result = await resultOf(stage);
    printResult(result);
    if (
      !shown['serial']
        ?.toLowerCase()
        .replaceAll(/[^0-9a-f]/g, '')
        .endsWith(result.serialNumber)
    )
      throw new Error('the page shows another certificate');
    return (await callWitnesses(stage, result)) ? 0 : 1;
  } finally {
    await context.close();
  }
}

async function walk(page: Page, bank: Bank): Promise<void> {
  const [account] = bank.accounts;
  if (!account) throw new Error('the bank has no account');
  console.log('\nThe journey');
  await timed('home page → WEB-FB → 電子証明書取得', () => goToAcquisition(page, bank.siteUrl));
  await timed('お客様ID + ログインパスワード → 取得', () => identify(page, account));
  await timed('電子証明書取得前処理中 → 電子証明書取得開始', () => waitForStart(page));
  await timed('取得 → 確認画面 → PIN → key → request → issue → write-back', async () => {
    await acquire(page);
    await waitForDone(page);
  });
  await timed('電子証明書のインストールが完了しました', async () => {});
}

async function timed(step: string, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await work();
  console.log(`  ${(performance.now() - startedAt).toFixed(0).padStart(6)} ms  ${step}`);
}

/** The agent's own record, by its command line: `resume` of a completed enrollment tells its result. */
async function resultOf({ pc }: Stage): Promise<EnrollmentResult & { readonly enrollment: string }> {
  const { json } = await inkan(pc, ['enrollments', '--json']);
  const [entry] = json as { enrollment: string; result?: EnrollmentResult }[];
  if (!entry?.result) throw new Error('the agent knows of no completed enrollment');
  return { ...entry.result, enrollment: entry.enrollment };
}

function printResult({
  subject,
  issuer,
  serialNumber,
  notBefore,
  notAfter,
  token,
  keyType,
  examination,
  proof,
}: EnrollmentResult): void {
  const claims = Object.entries(examination.claims).map(([name, value]) => `${name}=${value ?? 'no word'}`);
  console.log(`
What was made
  subject          ${subject}
  issuer           ${issuer}
  serial number    ${serialNumber}
  valid            ${notBefore} – ${notAfter}
  token            ${token.label} (${token.model})
  key              ${keyType}
  claimed          ${claims.join(' ')}
${examination.trials
  .map(
    ({ claimed, trial, outcome, evidence }) =>
      `  claimed          ${claimed}\n  tried            ${trial}: ${outcome} (${evidence})`,
  )
  .join('\n')}
  proven           ${proof.algorithm} signature by the pair found again on the token`);
}
