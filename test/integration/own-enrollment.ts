/** One PC for one enrollment after another: SoftHSM behind a real token host, a CA on real HTTPS, anew for each test. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../agent/enrollment/active.ts';
import type { Agent } from '../../agent/main.ts';
import { type FaultyCa, startFaultyCa } from '../doubles/faulty-ca.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { ORIGIN, openTestBank, type TestBank } from '../stage/test-bank.ts';

type Laid = {
  readonly labels?: readonly string[];
  readonly service?: Readonly<Record<string, unknown>>;
  readonly deadlines?: Readonly<Record<string, number>>;
};

export class OwnEnrollment {
  bank!: TestBank;
  ca!: FaultyCa;
  pc!: CustomerPc;
  agent!: Agent;
  readonly #folder: () => string;

  constructor(folder: () => string) {
    this.#folder = folder;
  }

  async open(): Promise<void> {
    this.bank = await openTestBank({ test: true });
    this.ca = await startFaultyCa(this.bank.authority);
  }

  /** Sets the PC up; `service` and `deadlines` change the profile. */
  async lay({ labels = ['desk'], service = {}, deadlines = {} }: Laid = {}): Promise<void> {
    this.pc = setUpPc(this.#folder(), labels);
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(this.bank.profile)) as typeof this.bank.profile;
    const customers = { ...enrollment['customers'], url: this.ca.url, ...service };
    this.pc.addProfile({ ...profile, enrollment: { customers }, deadlines: { retryAtLeastMs: 50, ...deadlines } });
    this.agent = await this.pc.compose();
  }

  async enroll(order?: string): Promise<Progress> {
    const enrollment = await this.agent.enrollments.begin(order ?? (await this.bank.order()), ORIGIN, 'enroll');
    return await this.agent.enrollments.settled(enrollment, 'owner');
  }

  stateFile(...names: readonly string[]): string {
    return join(this.#folder(), 'state', ...names);
  }

  journalFiles(): string[] {
    return readdirSync(this.stateFile('journal'));
  }

  async close(): Promise<void> {
    await this.agent.close();
    await this.ca.close();
  }
}

export function ownEnrollment(): OwnEnrollment {
  const own = new OwnEnrollment(ownFolder());
  beforeEach(() => own.open());
  afterEach(() => own.close());
  return own;
}
