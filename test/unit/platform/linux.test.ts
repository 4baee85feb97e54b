import { expect } from 'chai';
import { refuseDangerousEnvironment } from '../../../agent/platform/environment.ts';
import { linux } from '../../../agent/platform/linux.ts';
import { refusalOf } from '../../stage/refusal.ts';

describe('configuration and state', () => {
  it('lies where XDG says, or where we are told', () => {
    expect(linux.folders({ HOME: '/home/u' }).config).to.equal('/home/u/.config/inkan');
    expect(linux.folders({ HOME: '/home/u' }).state).to.equal('/home/u/.local/state/inkan');
    expect(linux.folders({ HOME: '/home/u', XDG_STATE_HOME: '/s' }).state).to.equal('/s/inkan');
    const own = linux.folders({ INKAN_CONFIG_DIR: '/c', INKAN_STATE_DIR: '/s' });
    expect(own).to.deep.equal({ config: '/c', state: '/s', profiles: ['/etc/inkan/profiles', '/c/profiles'] });
  });

  it('is refused where the environment would undo TLS or load code', async () => {
    const refuse = (environment: NodeJS.ProcessEnv) => refusalOf(() => refuseDangerousEnvironment(environment));
    expect(await refuse({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).to.equal('ERR_INTERNAL_ENVIRONMENT_REFUSED');
    expect(await refuse({ NODE_OPTIONS: '--require x' })).to.equal('ERR_INTERNAL_ENVIRONMENT_REFUSED');
    expect(await refuse({ PATH: '/bin' })).to.equal('not refused');
  });
});
