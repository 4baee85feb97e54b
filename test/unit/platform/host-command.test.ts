import { expect } from 'chai';
import { linux } from '../../../agent/platform/linux.ts';
import { moduleEnvironment } from '../../../agent/token/module-environment.ts';

describe('the environment of a token host', () => {
  it('holds what modules and dialogs need, and nothing else of the agent', () => {
    const agent = {
      PATH: '/bin',
      HOME: '/h',
      LANG: 'ja_JP.UTF-8',
      LC_ALL: 'C',
      LC_CTYPE: 'C',
      TERM: 'x',
      DISPLAY: ':0',
      WAYLAND_DISPLAY: 'w',
      XAUTHORITY: 'x',
      XDG_RUNTIME_DIR: '/run',
      DBUS_SESSION_BUS_ADDRESS: 'unix:',
    };
    const more = {
      NODE_OPTIONS: '--require /x',
      NODE_EXTRA_CA_CERTS: '/x',
      LD_PRELOAD: '/x',
      OPENSC_DEBUG: '9',
      PIN: '1',
      LCD: '1',
    };
    expect(linux.hostCommand('/h/main.js', { ...agent, ...more, USER: undefined }).env).to.deep.equal(agent);
  });

  it('takes in what agent.json gives the module, but never what changes Node or the loader', () => {
    const module = { SOFTHSM2_CONF: '/c', LD_LIBRARY_PATH: '/x', NODE_OPTIONS: 'x', DYLD_INSERT_LIBRARIES: '/x' };
    expect(moduleEnvironment(module)).to.deep.equal({ SOFTHSM2_CONF: '/c' });
  });
});
