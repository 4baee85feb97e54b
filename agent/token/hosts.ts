/**
 * Which host does a piece of work. A host takes longer to start than most tokens take to answer, so one that has only looked
 * rests until the same token is opened, and while pages are there a spare process is ready: without a module, a PIN or an
 * order. A host in which somebody was asked for a PIN never comes back here: its end is what ends the login state.
 */
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { type HostSettings, type Task, TokenHost } from './token-host.ts';

export type Rested = { readonly module: Pkcs11Module; readonly host: TokenHost };

export class Hosts {
  readonly #settings: HostSettings;
  readonly #all = new Set<TokenHost>();
  readonly #resting = new Map<string, Rested>();
  #spare: TokenHost | undefined;

  constructor(settings: HostSettings) {
    this.#settings = settings;
  }

  /** Looks at the module in a process of its own. @throws AgentError ERR_MODULE_*, ERR_TOKEN_HOST_* */
  async start(module: Pkcs11Module, task: Task): Promise<TokenHost> {
    task.signal.throwIfAborted();
    const host = this.#spare?.ended === false ? this.#spare : this.#spawn();
    this.#spare = undefined;
    try {
      host.assign(task);
      await host.load(module);
      return host;
    } catch (error) {
      await host.end();
      throw error;
    }
  }

  /** A host that looked at the module under this path, where one still rests: with the module as it was loaded. */
  rested(path: string, task: Task): Rested | undefined {
    task.signal.throwIfAborted();
    for (const [name, one] of this.#resting) {
      if (one.module.path !== path) continue;
      this.#resting.delete(name);
      if (one.host.ended) continue;
      one.host.assign(task);
      return one;
    }
    return undefined;
  }

  /** Takes back a host in which nobody was asked for a PIN. */
  rest(module: Pkcs11Module, host: TokenHost): void {
    if (host.ended) return;
    host.rest();
    const name = nameOf(module);
    void this.#resting.get(name)?.host.end();
    this.#resting.set(name, { module, host });
  }

  /** From now on a spare is ready: after each host that was used up too. It ends by itself where nothing comes. */
  keepReady(): void {
    if (this.#spare?.ended === false) this.#spare.rest();
    // To start one takes from the token what it works with; its end brings the spare.
    else if (![...this.#all].some(({ atWork }) => atWork)) this.#spare = this.#spawn();
  }

  /** Ends all there are, and waits for those that end already. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((host) => host.end()));
  }

  #spawn(): TokenHost {
    const host = new TokenHost(this.#settings);
    this.#all.add(host);
    void host.exited.then(() => this.#all.delete(host));
    return host;
  }
}

/** `agent.json` may name one module several times with different environments. */
function nameOf(module: Pkcs11Module): string {
  return JSON.stringify([module.path, module.parameters, module.environment]);
}
