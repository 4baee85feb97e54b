import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { textIn } from '../../web-bridge/protocol/bank-text.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { LANGUAGES, type Language } from '../../web-bridge/protocol/languages.ts';
import { describeError } from '../dialog/words.ts';
import type { Agent } from '../main.ts';
import { blocks, type Field, fields, printable } from './layout.ts';
import { type CommonOptions, type Outcome, runWithAgent } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

export function registerProfile(program: Command, say: Wording): void {
  const profile = program.command('profile').description(say('help.profile')).helpCommand(false);
  const command = (name: 'add' | 'list' | 'show' | 'remove') =>
    profile
      .command(name)
      .description(say(`help.profile.${name}`))
      .option('--json', say('help.json'));
  command('add')
    .argument('<file>', say('help.file'))
    .action((file: string, options: CommonOptions) => runWithAgent(options, (agent) => add(agent, file)));
  command('list').action((options: CommonOptions) => runWithAgent(options, list));
  command('show')
    .argument('<id>', say('help.id'))
    .action((id: string, options: CommonOptions) => runWithAgent(options, (agent) => show(agent, id)));
  command('remove')
    .argument('<id>', say('help.id'))
    .action((id: string, options: CommonOptions) => runWithAgent(options, (agent) => remove(agent, id)));
}

type Profile = Awaited<ReturnType<Agent['profiles']['read']>>[number];

async function add({ profiles, language }: Agent, file: string): Promise<Outcome> {
  const say = wordingIn(language);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(file))
    throw new AgentError('ERR_INTERNAL_USAGE', { argument: 'a local file, not a URL' });
  const profile = await profiles.inspect(file);
  const old = (await profiles.read()).find(({ id }) => id === profile.id);
  const shown = [
    ...(await describe(profile, language)),
    ...(old ? ['', say('replaces'), ...(await describe(old, language))] : []),
    '',
    say('compare'),
  ];
  for (const line of shown) process.stderr.write(`${printable(line)}\n`);
  if (!(await isAgreed(profile.id, say))) return { text: [say('notAdded')], json: { installed: false }, failed: true };
  await profiles.install(profile);
  return { text: [`✓ ${say('added')}: ${profile.id}`], json: { installed: true, id: profile.id } };
}

/** The person agrees by typing the id that was shown. Anything else is a refusal. */
async function isAgreed(id: string, say: Wording): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((answer) => terminal.once('close', () => answer('')));
  const typed = await Promise.race([terminal.question(say('confirm').replace('{id}', id)), closed]);
  terminal.close();
  if (!process.stdin.isTTY) process.stderr.write('\n');
  return typed.trim() === id;
}

async function list({ profiles, language }: Agent): Promise<Outcome> {
  const say = wordingIn(language);
  const all = await profiles.read();
  const refused = profiles.refused().map(({ file, error }) => ({ file, ...describeError(error) }));
  const text = [
    ...all.map((profile) => [heading(profile, say), ...fields(sites(profile, say), '  ')]),
    ...refused.map(({ file, words, support }) => [
      `✗ ${words[language].what}`,
      `  ${words[language].remedy}`,
      ...fields(
        [
          [say('refusedFile'), file],
          [say('support'), support],
        ],
        '  ',
      ),
    ]),
  ];
  const json = { profiles: all.map(({ id, names, origins, test }) => ({ id, names, origins, test })), refused };
  return { text: text.length > 0 ? blocks(text) : [say('noProfiles')], json };
}

function heading({ id, test }: Profile, say: Wording): string {
  return test ? `${id}  (${say('testProfile')})` : id;
}

function sites({ names, origins }: Profile, say: Wording): Field[] {
  return [
    [say('bank'), LANGUAGES.map((language) => textIn(names, language)).join(' / ')],
    ...origins.map((origin): Field => [say('origin'), origin]),
  ];
}

async function show({ profiles, language }: Agent, id: string): Promise<Outcome> {
  const profile = (await profiles.read()).find((one) => one.id === id);
  if (!profile) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN', { id });
  return { text: await describe(profile, language), json: profile };
}

async function remove({ profiles, language }: Agent, id: string): Promise<Outcome> {
  await profiles.remove(id);
  return { text: [`✓ ${wordingIn(language)('removed')}: ${id}`], json: { removed: id } };
}

/** The lines that a person compares with the bank's letter. */
async function describe(profile: Profile, language: Language): Promise<string[]> {
  const { thumbprintsOf } = await import('../policy/profile-update.ts');
  const say = wordingIn(language);
  const hosts = Object.values(profile.enrollment).map(({ url }) => new URL(url).host);
  const list: Field[] = [
    ...sites(profile, say),
    ...[...new Set(hosts)].map((host): Field => [say('ca'), host]),
    ...(await thumbprintsOf(profile)).map((thumbprint): Field => [say('orderKey'), `SHA-256 ${thumbprint}`]),
    [say('telephone'), textIn(profile.help, language).telephone],
  ];
  return [heading(profile, say), ...fields(list, '  ')];
}
