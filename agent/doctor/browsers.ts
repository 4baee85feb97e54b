import { browserPolicies } from './browser-policy.ts';
import type { Check } from './finding.ts';
import { profilesIn } from './profiles.ts';

/** Lists managed browsers only. Without a policy a browser asks the customer, which is right on a private PC. */
export const browsers: Check<'browsers'> = {
  check: 'browsers',
  async run({ folders }) {
    const origins = (await profilesIn(folders)).flatMap((profile) => profile.origins);
    const policies = await browserPolicies(origins);
    return policies.map(({ browser, allows }) => {
      const all = allows.length === origins.length && allows.length > 0;
      return {
        fact: [browser, ...allows].join('  '),
        shared: `${browser}  ${allows.length}/${origins.length}`,
        remarks: [all ? 'allowed' : 'notAllowed'],
      };
    });
  },
};
