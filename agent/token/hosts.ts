/**
 * Which host does a piece of work. A host takes longer to start than most tokens take to answer, so one that has only looked
 * rests until the same token is opened, and while pages are there a spare process is ready: without a module, a PIN or an
 * order. A host in which somebody was asked for a PIN never comes back here: its end is what ends the login state.
 */
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { type HostSettings, type Task, TokenHost } from './token-host.ts';

export type Rested = { readonly module: Pkcs11Module; readonly host: TokenHost };

export type Hosts = {
  /** Looks at the module in a process of its own. @throws AgentError ERR_MODULE_*, ERR_TOKEN_HOST_* */
  start(module: Pkcs11Module, task: Task): Promise<TokenHost>;
  /** A host that looked at the module under this path, where one still rests: with the module as it was loaded. */
  rested(path: string, task: Task): Rested | undefined;
  /** Takes back a host in which nobody was asked for a PIN. */
  rest(module: Pkcs11Module, host: TokenHost): void;
  /** From now on a spare is ready: after each host that was used up too. It ends by itself where nothing comes. */
  keepReady(): void;
  /** Ends all there are, and waits for those that end already. */
  close(): Promise<void>;
};

export function createHosts(settings: HostSettings): Hosts {
  const resting = new Map<string, Rested>();
  const all = new Set<TokenHost>();
  let spare: TokenHost | undefined;

  const spawned = (): TokenHost => {
    const host = new TokenHost(settings);
    all.add(host);
    void host.exited.then(() => all.delete(host));
    return host;
  };
  const taken = (): TokenHost => {
    const host = spare?.ended === false ? spare : spawned();
    spare = undefined;
    return host;
  };
  const leave = (name: string): void => {
    void resting.get(name)?.host.end();
    resting.delete(name);
  };

  return {
    async start(module, task) {
      task.signal.throwIfAborted();
      const host = taken();
      try {
        host.assign(task);
        await host.load(module);
        return host;
      } catch (error) {
        await host.end();
        throw error;
      }
    },
    rested(path, task) {
      task.signal.throwIfAborted();
      for (const [name, one] of resting) {
        if (one.module.path !== path) continue;
        resting.delete(name);
        if (one.host.ended) continue;
        one.host.assign(task);
        return one;
      }
      return undefined;
    },
    rest(module, host) {
      if (host.ended) return;
      host.rest();
      leave(nameOf(module));
      resting.set(nameOf(module), { module, host });
    },
    keepReady() {
      if (spare?.ended === false) spare.rest();
      // To start one takes from the token what it works with; its end brings the spare.
      else if (![...all].some(({ atWork }) => atWork)) spare = spawned();
    },
    async close() {
      await Promise.all([...all].map((host) => host.end()));
    },
  };
}

/** `agent.json` may name one module several times with different environments. */
function nameOf(module: Pkcs11Module): string {
  return JSON.stringify([module.path, module.parameters, module.environment]);
}
