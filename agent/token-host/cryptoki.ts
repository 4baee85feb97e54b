/**
 * The functions of PKCS#11 that we use, in their blocking form: the callback forms of pkcs11js read freed memory (upstream
 * #121) and leak templates (#120). Every failure is translated here and has the function's name.
 */
import pkcs11js, { type Handle, type Mechanism, type Template } from 'pkcs11js';
import { translate } from './ckr.ts';

type Binding = InstanceType<typeof pkcs11js.PKCS11>;

/** The types are those of the blocking overloads. */
export type Cryptoki = {
  readonly C_Initialize: Binding['C_Initialize'];
  readonly C_Finalize: () => void;
  readonly C_GetInfo: Binding['C_GetInfo'];
  readonly C_GetSlotList: (tokenPresent: boolean) => Handle[];
  readonly C_GetSlotInfo: Binding['C_GetSlotInfo'];
  readonly C_GetTokenInfo: Binding['C_GetTokenInfo'];
  readonly C_GetMechanismList: (slot: Handle) => number[];
  readonly C_GetMechanismInfo: Binding['C_GetMechanismInfo'];
  readonly C_OpenSession: (slot: Handle, flags: number) => Handle;
  readonly C_CloseAllSessions: (slot: Handle) => void;
  readonly C_CloseSession: (session: Handle) => void;
  readonly C_Login: (session: Handle, userType: number, pin: string) => void;
  readonly C_SetPIN: (session: Handle, oldPin: string, newPin: string) => void;
  readonly C_FindObjectsInit: (session: Handle, template: Template) => void;
  readonly C_FindObjects: (session: Handle, most: number) => Handle[];
  readonly C_FindObjectsFinal: (session: Handle) => void;
  readonly C_GetAttributeValue: Binding['C_GetAttributeValue'];
  readonly C_CreateObject: Binding['C_CreateObject'];
  readonly C_DestroyObject: (session: Handle, object: Handle) => void;
  readonly C_GenerateKey: (session: Handle, mechanism: Mechanism, template: Template) => Handle;
  readonly C_GenerateKeyPair: (
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: Template,
    privateTemplate: Template,
  ) => { publicKey: Handle; privateKey: Handle };
  readonly C_WrapKey: (session: Handle, mechanism: Mechanism, wrapping: Handle, key: Handle, out: Buffer) => Buffer;
  readonly C_SignInit: (session: Handle, mechanism: Mechanism, key: Handle) => void;
  readonly C_Sign: (session: Handle, data: Buffer, out: Buffer) => Buffer;
};

const FUNCTIONS: readonly (keyof Cryptoki)[] = [
  'C_Initialize',
  'C_Finalize',
  'C_GetInfo',
  'C_GetSlotList',
  'C_GetSlotInfo',
  'C_GetTokenInfo',
  'C_GetMechanismList',
  'C_GetMechanismInfo',
  'C_OpenSession',
  'C_CloseAllSessions',
  'C_CloseSession',
  'C_Login',
  'C_SetPIN',
  'C_FindObjectsInit',
  'C_FindObjects',
  'C_FindObjectsFinal',
  'C_GetAttributeValue',
  'C_CreateObject',
  'C_DestroyObject',
  'C_GenerateKey',
  'C_GenerateKeyPair',
  'C_WrapKey',
  'C_SignInit',
  'C_Sign',
];

export function guarded(binding: Binding): Cryptoki {
  return Object.fromEntries(FUNCTIONS.map((fn) => [fn, translated(binding, fn)])) as Cryptoki;
}

function translated(binding: Binding, fn: keyof Cryptoki): (...args: unknown[]) => unknown {
  const call = binding[fn] as (...args: unknown[]) => unknown;
  return (...args) => {
    try {
      return call.apply(binding, args);
    } catch (error) {
      throw translate(fn, error);
    }
  };
}
