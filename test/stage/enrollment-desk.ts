/** A bank, its CA and a customer's desk that knows them: all that an enrollment needs but the agent. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultyCa, startFaultyCa } from '../doubles/faulty-ca.ts';
import { type AgentDesk, layAgentDesk } from './agent-desk.ts';
import { type BankDesk, openBankDesk } from './bank-desk.ts';

export type EnrollmentDesk = {
  readonly folder: string;
  readonly bank: BankDesk;
  readonly ca: FaultyCa;
  readonly desk: AgentDesk;
  /** The bank's profile as it lies on the desk. */
  readonly profile: Readonly<Record<string, unknown>>;
  /** Writes an order into a file of its own and answers its path. */
  orderFile(changes?: Readonly<Record<string, unknown>>): Promise<string>;
};

export async function layEnrollmentDesk(
  folder: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<EnrollmentDesk> {
  const bank = await openBankDesk({ test: true, ...changes });
  const ca = await startFaultyCa(bank.authority);
  const desk = layAgentDesk(folder);
  const { enrollment, ...rest } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
  const profile = { ...rest, enrollment: { customers: { ...enrollment['customers'], url: ca.url } } };
  desk.addProfile(profile);
  let orders = 0;
  const orderFile = async (different?: Readonly<Record<string, unknown>>) => {
    const file = join(folder, `order-${orders++}`);
    writeFileSync(file, await bank.order(different));
    return file;
  };
  return { folder, bank, ca, desk, profile, orderFile };
}
