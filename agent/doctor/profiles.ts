import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Folders } from '../platform/platform.ts';
import { openProfileBook } from '../profiles.ts';
import type { Check } from './finding.ts';

/** Nothing is shared, because the list of a person's banks is private. */
export const profiles: Check<'profiles'> = {
  check: 'profiles',
  async run({ folders }) {
    const book = await openProfileBook(folders.profiles, () => {});
    const installed = await book.read();
    const refused = book.refused().map(({ error }) => error);
    if (installed.length + refused.length === 0) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN');
    return [...installed.map(({ id, origins }) => ({ fact: `${id}  ${origins.join(' ')}`, shared: '' })), ...refused];
  },
};

export async function profilesIn({ profiles }: Folders): Promise<readonly Profile[]> {
  return (await openProfileBook(profiles, () => {})).read();
}
