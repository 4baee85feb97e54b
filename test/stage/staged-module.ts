/** A PKCS#11 module that a stage has started, with what is on it, for whoever runs the contract of a token on it. */
import type { Pkcs11Module } from '../../native-config/schema.ts';

export type StagedModule = {
  readonly module: Pkcs11Module;
  readonly labels: readonly string[];
  readonly pin: string;
  /** What Node is started with where the module lives in namespaces of its own. */
  readonly execPath?: string;
  /** Ends whatever the stage started. */
  readonly leave: () => Promise<void>;
};
