/** Schemas of the files on disk: a bank's profile, the agent's own configuration, and the known families of tokens. */
import * as v from 'valibot';
import { bankText } from '../web-bridge/protocol/bank-text.ts';
import { LANGUAGES } from '../web-bridge/protocol/languages.ts';
import { CA_PROTOCOLS, KEY_TYPES, plainText } from '../web-bridge/protocol/order.ts';

const pem = v.pipe(v.string(), v.regex(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?$/));
const name = bankText(plainText(64));
const identifier = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{1,63}$/));
const days = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3650));
const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(90 * 24 * 3_600_000));

const HTTPS_ORIGIN = /^https:\/\/[a-z0-9.-]+(:[1-9][0-9]{0,4})?$/;
const TEST_ORIGIN = /^http:\/\/localhost:[1-9][0-9]{0,4}$/;

/** An origin as browsers serialize it (RFC 6454 §6.2): lower case, no default port, no slash at its end. */
const origin = v.pipe(
  v.string(),
  v.check((text) => {
    if (!HTTPS_ORIGIN.test(text) && !TEST_ORIGIN.test(text)) return false;
    return URL.canParse(text) && new URL(text).origin === text;
  }, 'not an https origin'),
);

/** A public JSON Web Key (RFC 7517). A private member (`d`) is an unknown member, so it is refused. */
const orderKey = v.variant('kty', [
  v.strictObject({
    kty: v.literal('EC'),
    crv: v.literal('P-256'),
    x: v.string(),
    y: v.string(),
    kid: v.string(),
    alg: v.optional(v.literal('ES256')),
    use: v.optional(v.literal('sig')),
  }),
  v.strictObject({
    kty: v.literal('OKP'),
    crv: v.literal('Ed25519'),
    x: v.string(),
    kid: v.string(),
    alg: v.optional(v.literal('EdDSA')),
    use: v.optional(v.literal('sig')),
  }),
  v.strictObject({
    kty: v.literal('RSA'),
    n: v.pipe(v.string(), v.minLength(342)),
    e: v.string(),
    kid: v.string(),
    alg: v.picklist(['PS256', 'RS256']),
    use: v.optional(v.literal('sig')),
  }),
]);

/** Where certificates are requested. A protocol that needs other settings becomes a variant of this schema. */
const enrollmentService = v.strictObject({
  protocol: v.picklist(CA_PROTOCOLS),
  /** The agent only appends EST's operation (RFC 7030 §3.2.2), and does not interpret the rest. */
  url: v.pipe(
    v.string(),
    v.check((text) => URL.canParse(text) && /^https:$/.test(new URL(text).protocol), 'not an https URL'),
    v.check((text) => !/[?#@]/.test(text) && !text.endsWith('/'), 'query, fragment, user or a slash at its end'),
  ),
  /** The only TLS trust anchors for this service. The system's are not used. */
  trustAnchors: v.pipe(v.array(pem), v.minLength(1), v.maxLength(8)),
  /** `idempotent`: the CA answers the same bytes with the same certificate. */
  resend: v.optional(v.picklist(['never', 'idempotent']), 'never'),
  /** The HTTP scheme in which the agent sends a code that the human typed. */
  asked: v.optional(v.picklist(['basic', 'bearer']), 'basic'),
});
export type EnrollmentService = v.InferOutput<typeof enrollmentService>;

const tokenMatch = v.strictObject({
  label: v.optional(v.string()),
  manufacturer: v.optional(v.string()),
  model: v.optional(v.string()),
});
export type TokenMatch = v.InferOutput<typeof tokenMatch>;

/** Operations of a token host that have a deadline; `agent/token/token-host.ts` holds the defaults. */
export const TOKEN_OPERATIONS = ['start', 'list', 'login', 'generate', 'sign', 'write', 'restart', 'remove'] as const;
export type TokenOperation = (typeof TOKEN_OPERATIONS)[number];
const tokenDeadlines = v.strictObject({
  start: v.optional(milliseconds),
  list: v.optional(milliseconds),
  login: v.optional(milliseconds),
  generate: v.optional(milliseconds),
  sign: v.optional(milliseconds),
  write: v.optional(milliseconds),
  restart: v.optional(milliseconds),
  remove: v.optional(milliseconds),
} satisfies Record<TokenOperation, unknown>);
export type TokenDeadlines = v.InferOutput<typeof tokenDeadlines>;

const deadlines = v.strictObject({
  /** How long a dialog waits for the human. */
  dialogMs: v.optional(milliseconds, 5 * 60_000),
  /** One exchange with the CA, from connecting to the last byte. */
  caMs: v.optional(milliseconds, 60_000),
  /** How long a request may stay pending at the CA. */
  pendingMs: v.optional(milliseconds, 30 * 24 * 3_600_000),
  /** Bounds of the wait before the agent asks a CA again that answered 202. */
  retryAtLeastMs: v.optional(milliseconds, 10_000),
  retryAtMostMs: v.optional(milliseconds, 6 * 3_600_000),
  token: v.optional(tokenDeadlines, {}),
});

/** A bank's profile: everything about one bank that is not in its orders. */
export const profile = v.strictObject({
  version: v.literal(1),
  id: identifier,
  /** A test profile may name `http://localhost:PORT` and be answered by a scripted human. */
  test: v.optional(v.boolean(), false),
  names: name,
  origins: v.pipe(v.array(origin), v.minLength(1), v.maxLength(16)),
  orderKeys: v.strictObject({ keys: v.pipe(v.array(orderKey), v.minLength(1), v.maxLength(8)) }),
  enrollment: v.record(v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,64}$/)), enrollmentService),
  /** Certificates of the CAs that issue to customers: the trust anchors of path validation (RFC 5280 §6.1.1 d). */
  issuers: v.pipe(v.array(pem), v.minLength(1), v.maxLength(8)),
  /** Tokens this bank accepts. An empty list accepts any that can make a key. */
  tokens: v.optional(v.array(tokenMatch), []),
  keyPolicy: v.strictObject({ types: v.pipe(v.array(v.picklist(KEY_TYPES)), v.minLength(1)) }),
  subject: v.optional(
    v.strictObject({
      /** Some CAs rebuild the subject. With `any`, the RDNs of the order may come in any sequence. */
      rdnOrder: v.optional(v.picklist(['as-ordered', 'any']), 'as-ordered'),
    }),
    {},
  ),
  renewal: v.strictObject({ opensDaysBefore: days, closesDaysAfter: days }),
  deadlines: v.optional(deadlines, {}),
  help: bankText(v.strictObject({ text: plainText(400), telephone: plainText(40) })),
});
export type Profile = v.InferOutput<typeof profile>;

/** A PKCS#11 module on this machine. */
export const pkcs11Module = v.strictObject({
  /** Absolute path of the shared object. */
  path: v.pipe(v.string(), v.regex(/^\/[^\0]+$|^[A-Za-z]:\\[^\0]+$/)),
  /** `pReserved` of C_Initialize, where NSS expects its library parameters. */
  parameters: v.optional(v.string()),
  /** Environment variables for the token host of this module only. */
  environment: v.optional(v.record(v.pipe(v.string(), v.regex(/^(?!NODE_|LD_)[A-Z][A-Z0-9_]*$/)), v.string()), {}),
});
export type Pkcs11Module = v.InferOutput<typeof pkcs11Module>;

/** `agent.json` in the configuration folder. */
export const agentConfig = v.strictObject({
  version: v.literal(1),
  language: v.optional(v.picklist(LANGUAGES)),
  /** Modules beyond those of `native-config/tokens/`. */
  modules: v.optional(v.array(pkcs11Module), []),
  /** Real paths of modules that must not be loaded. */
  forbidden: v.optional(v.array(v.string()), []),
  /** The address at which the publisher describes its releases. Followed by the version, it is the `appVersion` of log-ins. */
  releases: v.optional(v.pipe(v.string(), v.regex(/^https:\/\/[\x21-\x7e]+\/$/), v.maxLength(255))),
});
export type AgentConfig = v.InferOutput<typeof agentConfig>;

/** `native-config/tokens/<token>.json`: how a family of tokens is found, and how it deviates from PKCS#11. */
export const tokenFamily = v.strictObject({
  name: v.string(),
  /** Where these facts come from. */
  source: v.string(),
  /** Whether the project ran it. If false, the facts are from documentation. */
  run: v.boolean(),
  match: v.strictObject({ library: v.optional(v.string()), manufacturer: v.optional(v.string()) }),
  modules: v.strictObject({
    linux: v.optional(v.array(v.string()), []),
    darwin: v.optional(v.array(v.string()), []),
    win32: v.optional(v.array(v.string()), []),
  }),
  quirks: v.optional(
    v.array(
      v.strictObject({
        quirk: v.picklist(['omit-extractable', 'own-hash', 'digest-info', 'so-creates-keys']),
        why: v.string(),
        seen: v.string(),
      }),
    ),
    [],
  ),
});
export type TokenFamily = v.InferOutput<typeof tokenFamily>;
