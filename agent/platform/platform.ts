/** Everything that the agent needs of the operating system. Each system is one implementation; `current.ts` names it. */
import type { ChildProcess } from 'node:child_process';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Folders = {
  /** `agent.json` and the user's `profiles/`. */
  readonly config: string;
  readonly state: string;
  /** The folders of profiles. The system's comes first, and its profiles take precedence. */
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

/** Where a browser reads its managed policies: files, or folders with JSON files. */
export type PolicyPlaces = { readonly browser: string; readonly places: readonly string[] };

export type TerminalDevice = {
  readonly device: string;
  /** Whether this process may read from the terminal now. Throws if there is none. */
  isForeground(): boolean;
  /** Starts a process that restores the terminal's settings if this process ends without killing it. */
  startGuard(): ChildProcess;
};

/** Where p11-kit keeps its configuration (pkcs11.conf(5)). */
export type P11KitPlaces = {
  readonly system: string;
  readonly packages: string;
  /** The folders for a relative `module:` path; they differ between distributions. */
  readonly modules: readonly string[];
};

export type Platform = {
  /** The system's name in `native-config/tokens`. */
  readonly name: 'linux' | 'darwin' | 'win32';

  /** Where this user's configuration and state lie. */
  folders(environment: Environment): Folders;
  /**
   * The first reason not to trust `path`, or `undefined`: another user could change the file, or a folder above it. Links
   * are resolved first. Rejects if the path does not exist.
   */
  ownershipFlaw(path: string): Promise<string | undefined>;
  /** Why somebody other than this user may read the file, or `undefined`. @param stat of the open file */
  privacyFlaw(stat: { readonly uid: number; readonly mode: number }): string | undefined;
  /** Syncs a folder, so that new, renamed and deleted names survive a power cut. */
  syncFolder(path: string): Promise<void>;

  /** Whether this process has the rights of the system's administrator. */
  isAdministrator(): boolean;
  /** Identifies a running process; a later process with the same id differs. `undefined`: no such process runs. */
  processIdentity(pid: number): string | undefined;

  /** Whether another user owns the client's end. `false` if the system does not show the owner. */
  isForeignPeer(ends: Ends): Promise<boolean>;

  /** The system's language as a BCP 47 tag or a POSIX locale such as `ja_JP.UTF-8`. */
  locale(environment: Environment): string;
  /** Shows a notification. Calls `failed` with the error's code if it cannot be shown. */
  notify(notification: Notification, environment: Environment, failed: (code: string | undefined) => void): void;
  /** Paths of the programs that show dialogs on this desktop, in order of preference. */
  dialogPrograms(environment: Environment): string[];
  /** The command that starts such a program so that it ends when this process ends. */
  dialogCommand(program: string, environment: Environment): Command;
  /** The controlling terminal; `undefined`: this system has no terminal for dialogs. */
  readonly terminal: TerminalDevice | undefined;

  /** The command that starts a token host without core dumps. */
  hostCommand(file: string, environment: Environment): Command;

  /** Smart card readers and tokens on USB: makers and names, never serial numbers. */
  usbReaders(): Promise<string[]>;
  readonly browserPolicies: readonly PolicyPlaces[];
  /** `undefined`: this system has no p11-kit. */
  readonly p11Kit: P11KitPlaces | undefined;
};
