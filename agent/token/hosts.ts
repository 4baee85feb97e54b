/**
 * Chooses the token host for a piece of work. A host takes longer to start than most tokens take to answer. So a host that has
 * only listed rests until the same token is opened, and while a page is connected a spare process is ready, which has no module,
 * no PIN and no order. A host in which a PIN was asked for is never used again: its end is what ends the token's login state.
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

  /** Loads the module in a process that has loaded none: the spare, or a new one. @throws AgentError ERR_MODULE_*, ERR_TOKEN_HOST_* */
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

  /** A resting host with the module of this path, and how the module was loaded; `undefined`: none rests. */
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

  /** Lets a host rest in which no PIN was asked for. */
  rest(module: Pkcs11Module, host: TokenHost): void {
    if (host.ended) return;
    host.rest();
    const name = nameOf(module);
    void this.#resting.get(name)?.host.end();
    this.#resting.set(name, { module, host });
  }

  /** Makes a spare ready, unless one is. A spare that is not used ends by itself. */
  keepReady(): void {
    if (this.#spare?.ended === false) this.#spare.rest();
    // Starting a process would slow a host at work down. When that one ends, the spare is started.
    else if (![...this.#all].some(({ atWork }) => atWork)) this.#spare = this.#spawn();
  }

  /** Ends all hosts. Resolves when every process has exited. */
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
