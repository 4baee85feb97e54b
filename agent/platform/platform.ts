/** What the agent asks of the operating system, in one place: one implementation a system, `current.ts` names it. */
import type { ChildProcess } from 'node:child_process';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Folders = {
  /** `agent.json` and the user's `profiles/`. */
  readonly config: string;
  readonly state: string;
  /** Of profiles. The system's first: its profiles win. */
  readonly profiles: readonly string[];
};

/** A program to start: its path, its arguments, and the whole of its environment. */
export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** The two ends of a TCP connection on 127.0.0.1, by their ports. */
export type Ends = { readonly client: number; readonly server: number };

export type Notification = { readonly title: string; readonly body: string };

/** Where a browser's managed policies lie; a folder means every JSON file in it. */
export type PolicyPlaces = { readonly browser: string; readonly places: readonly string[] };

export type TerminalDevice = {
  readonly device: string;
  /** Whether this process may read from it now. Throws where there is none. */
  isForeground(): boolean;
  /** Starts a process that puts the terminal's settings back when this process ends without killing it. */
  startGuard(): ChildProcess;
};

/** Where p11-kit keeps its configuration (pkcs11.conf(5)). */
export type P11KitPlaces = {
  readonly system: string;
  readonly packages: string;
  /** Where a relative `module:` lies; distributions differ. */
  readonly modules: readonly string[];
};

export type Platform = {
  /** As the lists of modules in `native-config/tokens` name it. */
  readonly name: 'linux' | 'darwin' | 'win32';

  /** Where this user's configuration and state lie. */
  folders(environment: Environment): Folders;
  /**
   * The first reason not to trust `path`, or `undefined`: another user could change the file, or a folder above it. Links
   * are resolved first. Rejects where the path does not exist.
   */
  ownershipFlaw(path: string): Promise<string | undefined>;
  /** Why the file of an open handle is not this user's alone to read, or `undefined`. */
  privacyFlaw(stat: { readonly uid: number; readonly mode: number }): string | undefined;
  /** Makes names that came or went last over a power cut. */
  syncFolder(path: string): Promise<void>;

  /** Whether this process has the rights of the system's administrator. */
  isAdministrator(): boolean;
  /** Names a process that runs, so that a later process with the same id is told apart; `undefined`: none runs. */
  processIdentity(pid: number): string | undefined;

  /** Whether the client's end belongs to another user. `false` where the system does not tell. */
  isForeignPeer(ends: Ends): Promise<boolean>;

  /** The system's language as a tag of BCP 47 or a POSIX locale: `ja_JP.UTF-8`. */
  locale(environment: Environment): string;
  /** Shows a notification; `failed` hears why it was not shown. */
  notify(notification: Notification, environment: Environment, failed: (code: string | undefined) => void): void;
  /** Paths of the programs that show dialogs on this desktop, in order of preference. */
  dialogPrograms(environment: Environment): string[];
  /** Starts such a program so that it ends with the process that started it. */
  dialogCommand(program: string, environment: Environment): Command;
  /** The controlling terminal; `undefined`: this system has none that can be asked on. */
  readonly terminal: TerminalDevice | undefined;

  /** Starts a token host so that no core of it is ever dumped. */
  hostCommand(file: string, environment: Environment): Command;

  /** Smart card readers and tokens on USB: makers and names, never serial numbers. */
  usbReaders(): Promise<string[]>;
  readonly browserPolicies: readonly PolicyPlaces[];
  /** `undefined`: p11-kit is not asked on this system. */
  readonly p11Kit: P11KitPlaces | undefined;
};
