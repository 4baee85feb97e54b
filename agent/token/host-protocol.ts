/**
 * The messages between the agent and a token host, which is a child process. `frame.ts` has the frames around them. Both sides
 * parse what they receive: the host because it may hold a PIN, the agent because a vendor's code runs at the other end. Every
 * size is bounded. PKCS#11 handles never leave the host.
 */
import * as v from 'valibot';
import { bankText } from '../../web-bridge/protocol/bank-text.ts';
import { type ErrorCode, isErrorCode } from '../../web-bridge/protocol/errors.ts';
import { LANGUAGES } from '../../web-bridge/protocol/languages.ts';
import { examination, proof } from '../../web-bridge/protocol/methods.ts';
import { KEY_TYPES } from '../../web-bridge/protocol/order.ts';
import { PURPOSES } from '../dialog/purposes.ts';

/** The prefix of what a proof signs: `"inkan-proof-v2\0" ‖ challenge`. Nothing else that a token host signs begins with it. */
export const PROOF_DOMAIN = 'inkan-proof-v2\0';

/** The file descriptor of the pipe, in the host. */
export const HOST_DESCRIPTOR = 3;

export const MAX_DER_BYTES = 64 * 1024;
/** The bounds of one answer with a token's certificates. A person's token has fewer. */
export const MAX_LISTED = { certificates: 1024, bytes: 1024 * 1024, labelCharacters: 256 };

const text = (maxLength: number) => v.pipe(v.string(), v.maxLength(maxLength));
const bytes = (least: number, most: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length >= least && value.length <= most);
const der = bytes(2, MAX_DER_BYTES);
const ckaId = bytes(1, 64);
const keyType = v.picklist(KEY_TYPES);
const names = bankText(text(200));

/** CK_TOKEN_INFO bounds its strings at 32 bytes, CK_SLOT_INFO its description at 64; as UTF-8 that is at most this much. */
const identity = {
  module: text(4096),
  label: text(64),
  serialNumber: text(64),
  manufacturer: text(64),
  model: text(64),
  slotDescription: text(128),
};
const tokenIdentity = v.strictObject(identity);
const tokenDescription = v.strictObject({
  ...identity,
  userPinInitialized: v.boolean(),
  writeProtected: v.boolean(),
  pinCountLow: v.boolean(),
  pinFinalTry: v.boolean(),
  pinLocked: v.boolean(),
  pinPad: v.boolean(),
  keyTypes: v.array(keyType),
});

const help = v.strictObject({ text: text(400), telephone: text(40) });
const pinContext = v.strictObject({
  profile: text(64),
  purpose: v.picklist(PURPOSES),
  bank: v.exactOptional(names),
  help: v.exactOptional(bankText(help)),
  account: v.exactOptional(text(200)),
});

const dialogSettings = v.strictObject({
  language: v.picklist(LANGUAGES),
  timeoutMs: v.number(),
  script: v.exactOptional(text(4096)),
});
export type HostDialogSettings = v.InferOutput<typeof dialogSettings>;

const hostModule = v.strictObject({
  path: text(4096),
  parameters: v.exactOptional(text(4096)),
  /** Environment variables for the module. The host sets them before it loads the module, since the process started earlier. */
  environment: v.record(text(256), text(4096)),
});

const keyReference = v.strictObject({ ckaId, spki: bytes(2, 2048), keyType });
export type HostKeyReference = v.InferOutput<typeof keyReference>;

/** A slot or a chain certificate failed, though the operation as a whole did not. */
const partialFailure = v.strictObject({ what: text(64), rv: text(64), fn: text(64) });
export type PartialFailure = v.InferOutput<typeof partialFailure>;

const nothing = v.strictObject({});

/** Each operation of the host, with the schema of its parameters and of its result. */
export const HOST_OPERATIONS = {
  /** Loads and initializes the module. It is the first operation, and comes once. */
  start: { params: v.strictObject({ module: hostModule }), result: nothing },
  /** C_Finalize and C_Initialize in a host that rested. Only then do some modules see what another process wrote, or a reader that came back. */
  refresh: { params: nothing, result: nothing },
  list: {
    params: nothing,
    result: v.strictObject({
      tokens: v.pipe(v.array(tokenDescription), v.maxLength(64)),
      failures: v.pipe(v.array(partialFailure), v.maxLength(64)),
    }),
  },
  certificates: {
    params: v.strictObject({ token: tokenIdentity }),
    result: v.strictObject({
      certificates: v.pipe(
        v.array(v.strictObject({ certificate: der, label: text(MAX_LISTED.labelCharacters) })),
        v.maxLength(MAX_LISTED.certificates),
      ),
    }),
  },
  /** Opens one token. The dialog for its PIN comes with the first operation that needs the PIN. */
  open: {
    params: v.strictObject({
      token: tokenIdentity,
      pin: pinContext,
      dialog: dialogSettings,
      profileFolders: v.pipe(v.array(text(4096)), v.maxLength(8)),
    }),
    result: nothing,
  },
  generate: {
    params: v.strictObject({
      ckaId,
      label: text(256),
      keys: v.pipe(v.array(keyType), v.minLength(1), v.maxLength(KEY_TYPES.length)),
    }),
    result: v.strictObject({
      keyType,
      spki: bytes(2, 2048),
      examination,
      attestation: v.pipe(v.array(der), v.maxLength(4)),
    }),
  },
  signRequest: {
    params: v.strictObject({ key: keyReference, info: der }),
    result: v.strictObject({ signature: bytes(8, 2048) }),
  },
  store: {
    params: v.strictObject({
      key: keyReference,
      certificate: der,
      chain: v.pipe(v.array(der), v.maxLength(16)),
      label: text(256),
    }),
    result: v.strictObject({ failures: v.pipe(v.array(partialFailure), v.maxLength(16)) }),
  },
  prove: {
    params: v.strictObject({ key: keyReference, certificate: der, challenge: bytes(16, 256) }),
    result: proof,
  },
  destroy: {
    params: v.strictObject({ ckaId, spki: v.exactOptional(bytes(2, 2048)) }),
    result: v.strictObject({ left: v.number() }),
  },
  /** The host computes the value that is signed. The caller gives origin and nonce only. */
  authenticate: {
    params: v.strictObject({
      certificate: der,
      origin: v.pipe(v.string(), v.regex(/^https?:\/\/[\x21-\x7e]+$/), v.maxLength(255)),
      nonce: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{44,128}$/)),
    }),
    result: v.strictObject({ algorithm: text(16), signature: bytes(8, 2048) }),
  },
  /** Destroys a certificate and its pair. `left` counts the objects that a module started anew still shows. */
  remove: { params: v.strictObject({ certificate: der }), result: v.strictObject({ left: v.number() }) },
  /** The human enters the present PIN, then a new one: here, or on the reader. */
  changePin: { params: nothing, result: nothing },
  /** Wipes the PIN, closes the sessions, finalizes the module; the process ends after the answer. */
  end: { params: nothing, result: nothing },
} as const;

export type HostOperation = keyof typeof HOST_OPERATIONS;
export type HostParams<O extends HostOperation> = v.InferOutput<(typeof HOST_OPERATIONS)[O]['params']>;
export type HostResult<O extends HostOperation> = v.InferOutput<(typeof HOST_OPERATIONS)[O]['result']>;

export type HostToken = v.InferOutput<typeof tokenIdentity>;
export type HostTokenDescription = v.InferOutput<typeof tokenDescription>;
export type HostPinContext = v.InferOutput<typeof pinContext>;

/** The steps inside an operation. The agent has a deadline for each. */
export const HOST_STEPS = ['start', 'list', 'login', 'generate', 'sign', 'write', 'restart', 'remove'] as const;
export type HostStep = (typeof HOST_STEPS)[number];

/** Agent → host. `params` are parsed by the operation's own schema. */
export const hostRequest = v.strictObject({
  id: v.number(),
  operation: v.custom<HostOperation>((name) => typeof name === 'string' && Object.hasOwn(HOST_OPERATIONS, name)),
  params: v.unknown(),
});
export type HostRequest = v.InferOutput<typeof hostRequest>;

const errorCode = v.custom<ErrorCode>((code) => typeof code === 'string' && isErrorCode(code));

/** Host → agent: a result, an error, the step that begins, or a dialog that opens or closes. While it is open, no deadline runs. */
export const hostMessage = v.variant('kind', [
  v.strictObject({ kind: v.literal('result'), id: v.number(), result: v.unknown() }),
  v.strictObject({
    kind: v.literal('error'),
    id: v.number(),
    code: errorCode,
    details: v.record(text(64), v.union([text(512), v.number(), v.boolean()])),
    /** For the log only. The error's message is left out, since it may quote anything. */
    cause: v.exactOptional(v.strictObject({ name: text(64), at: v.pipe(v.array(text(300)), v.maxLength(8)) })),
  }),
  v.strictObject({ kind: v.literal('step'), step: v.picklist(HOST_STEPS) }),
  v.strictObject({ kind: v.literal('dialog'), open: v.boolean() }),
]);
export type HostMessage = v.InferOutput<typeof hostMessage>;
