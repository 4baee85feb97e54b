/** A bank, its CA and a customer's PC that knows them: all that an enrollment needs but the agent. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultyCa, startFaultyCa } from '../doubles/faulty-ca.ts';
import { type CustomerPc, setUpPc } from './customer-pc.ts';
import { openTestBank, type TestBank } from './test-bank.ts';

export type EnrollmentSetup = {
  readonly folder: string;
  readonly bank: TestBank;
  readonly ca: FaultyCa;
  readonly pc: CustomerPc;
  /** The bank's profile as it lies on the PC. */
  readonly profile: Readonly<Record<string, unknown>>;
  /** Writes an order into a file of its own and answers its path. */
  orderFile(changes?: Readonly<Record<string, unknown>>): Promise<string>;
};

export async function setUpEnrollment(
  folder: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<EnrollmentSetup> {
  const bank = await openTestBank({ test: true, ...changes });
  const ca = await startFaultyCa(bank.authority);
  const pc = setUpPc(folder);
  const { enrollment, ...rest } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
  const profile = { ...rest, enrollment: { customers: { ...enrollment['customers'], url: ca.url } } };
  pc.addProfile(profile);
  let orders = 0;
  const orderFile = async (different?: Readonly<Record<string, unknown>>) => {
    const file = join(folder, `order-${orders++}`);
    writeFileSync(file, await bank.order(different));
    return file;
  };
  return { folder, bank, ca, pc, profile, orderFile };
}
