import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { type CommonOptions, conclude, type Outcome } from './outcome.ts';

export function registerProfile(program: Command): void {
  const profile = program.command('profile').description("the banks' profiles on this machine");
  profile
    .command('add')
    .argument('<file>', 'a local file from your bank: a profile, or a signed new version of one that is installed')
    .description('show a profile and install it after you agree')
    .option('--json', 'print JSON')
    .action((file: string, options: CommonOptions) => conclude(options, (agent) => add(agent, file)));
  profile
    .command('list')
    .option('--json', 'print JSON')
    .action((options: CommonOptions) => conclude(options, list));
  profile
    .command('show')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string, options: CommonOptions) => conclude(options, (agent) => show(agent, id)));
  profile
    .command('remove')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string, options: CommonOptions) => conclude(options, (agent) => remove(agent, id)));
}

type Profile = Awaited<ReturnType<Agent['profiles']['read']>>[number];

async function add({ profiles }: Agent, file: string): Promise<Outcome> {
  const { AgentError } = await import('../main.ts');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(file))
    throw new AgentError('ERR_INTERNAL_USAGE', { argument: 'a local file, not a URL' });
  const profile = await profiles.inspect(file);
  for (const line of await describe(profile)) process.stderr.write(`${line}\n`);
  if (!(await isAgreed(profile.id))) return { text: ['–'], json: { installed: false }, failed: true };
  await profiles.install(profile);
  return { text: [`${profile.id} ✓`], json: { installed: true, id: profile.id } };
}

/** Default no: agreeing means to type the id that was just shown. */
async function isAgreed(id: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((answer) => terminal.once('close', () => answer('')));
  const typed = await Promise.race([terminal.question(`${id}? (${id} / no) `), closed]);
  terminal.close();
  return typed.trim() === id;
}

async function list({ profiles }: Agent): Promise<Outcome> {
  const all = await profiles.read();
  const refused = profiles.refused().map(({ file, error }) => ({ file, code: error.code, ...error.details }));
  const text = [
    ...all.map(
      ({ id, names, origins, test }) =>
        `${id}  ${names.ja} / ${names.en}  ${origins.join(' ')}${test ? '  (test)' : ''}`,
    ),
    ...refused.map(({ file, code }) => `✗ ${file}  ${code}`),
  ];
  const json = { profiles: all.map(({ id, names, origins, test }) => ({ id, names, origins, test })), refused };
  return { text: text.length > 0 ? text : ['–'], json };
}

async function show({ profiles }: Agent, id: string): Promise<Outcome> {
  const { AgentError } = await import('../main.ts');
  const profile = (await profiles.read()).find((one) => one.id === id);
  if (!profile) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN', { id });
  return { text: await describe(profile), json: profile };
}

async function remove({ profiles }: Agent, id: string): Promise<Outcome> {
  await profiles.remove(id);
  return { text: [`${id} ✓`], json: { removed: id } };
}

/** What a person compares with the bank's letter before trusting it. */
async function describe(profile: Profile): Promise<string[]> {
  const { thumbprintsOf } = await import('../main.ts');
  const hosts = Object.values(profile.enrollment).map(({ url }) => new URL(url).host);
  return [
    `id          ${profile.id}${profile.test ? '  (test)' : ''}`,
    `bank        ${profile.names.ja} / ${profile.names.en}`,
    ...profile.origins.map((origin) => `origin      ${origin}`),
    ...[...new Set(hosts)].map((host) => `CA          ${host}`),
    ...(await thumbprintsOf(profile)).map((thumbprint) => `order key   SHA-256 ${thumbprint}`),
    `telephone   ${profile.help.ja.telephone}`,
  ];
}
