/**
 * `npm run demo`: a throw-away token, the reference bank and the agent, for a person in front of a browser. With
 * `--auto`: the same journey unattended, and then witnesses that are not ours. Everything lies in the project's `.demo`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Bank, startBank } from '../../web-bridge/demo/bank.ts';
import { argumentsOf } from '../setup/commands.mjs';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import { showWelcome } from './person.ts';
import { runUnattended } from './unattended.ts';

const STATE = resolve(import.meta.dirname, '../../../.demo');
/** Free ports are taken where these are not. */
const PORTS = { site: 5410, ca: 5411, est: 5412 };

const auto = argumentsOf('demo').given['auto'] !== undefined;
rmSync(STATE, { recursive: true, force: true });
mkdirSync(STATE, { mode: 0o700 });

const bank = await openBank();
const pc = setUpPc(STATE, ['demo'], '246810');
pc.addProfile(bank.profile);
const { DISPLAY, WAYLAND_DISPLAY, XAUTHORITY, XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS, TERM, LANG, LC_ALL } =
  process.env;
const screen = { DISPLAY, WAYLAND_DISPLAY, XAUTHORITY, XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS, TERM, LANG, LC_ALL };
const agent = await serveAgent(pc, auto ? {} : { person: true, environment: screen });

try {
  process.exitCode = auto ? await runUnattended({ bank, pc, stateFolder: STATE }) : await untilStopped(bank, pc, agent);
} finally {
  await agent.stop();
  await bank.close();
}

async function openBank(): Promise<Bank> {
  const options = { stateFolder: join(STATE, 'bank') };
  try {
    return await startBank({ ...options, ports: PORTS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return await startBank(options);
  }
}

async function untilStopped(bank: Bank, pc: CustomerPc, agent: ServedAgent): Promise<number> {
  showWelcome(bank, pc);
  await new Promise<void>((stopped) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped());
    agent.process.once('exit', () => stopped());
  });
  return 0;
}
