/**
 * Checks by hand what the SDK needs of an answer. The protocol's full schemas would double the SDK's size on every page load.
 * A test compares each check with its schema. Unknown members are ignored, because the agent may be newer than the bank's page.
 */
import { PROTOCOL } from '../protocol/address.ts';
import type { ErrorData, WhatAndRemedy } from '../protocol/envelope.ts';
import { byLanguage } from '../protocol/languages.ts';
import type { EnrollmentStatus, Method, RenewalStatus, Result } from '../protocol/methods.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const truth: Check = (value) => typeof value === 'boolean';
const number: Check = (value) => typeof value === 'number';
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
/** An object with these members. By `T` the compiler reports a member of the protocol that the check lacks. */
const members =
  <T>(checks: { [K in keyof T]-?: Check }): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries<Check>(checks).every(([name, check]) => check((value as Record<string, unknown>)[name]));

const object = members<object>({});
const whatAndRemedy = members<WhatAndRemedy>({ what: text, remedy: text });

export const isErrorData = members<ErrorData>({
  code: (value) => text(value) && /^ERR_[A-Z_]+$/.test(value as string),
  retry: (value) => ['user', 'later', 'never'].includes(value as string),
  support: text,
  details: object,
  words: members<ErrorData['words']>(byLanguage(() => whatAndRemedy)),
}) as (value: unknown) => value is ErrorData;

const statusMembers = { enrollment: text, state: text, error: maybe(isErrorData) };

export const isProgress = members<EnrollmentStatus>(statusMembers) as (value: unknown) => value is EnrollmentStatus;

const isEnrollmentResult = members<NonNullable<Result<'watch'>['result']>>({
  certificate: text,
  chain: list(text),
  chainComplete: truth,
  subject: text,
  issuer: text,
  serialNumber: text,
  otherSerialNumbers: maybe(list(text)),
  notBefore: text,
  notAfter: text,
  keyType: text,
  token: members<{ label: string; model: string }>({ label: text, model: text }),
  examination: members<{ claims: object; trials: unknown[] }>({ claims: object, trials: list(object) }),
  proof: members<{ algorithm: string; signed: string; signature: string }>({
    algorithm: text,
    signed: text,
    signature: text,
  }),
  attestation: maybe(list(text)),
});

const named = members<Result<'enroll'>>({ enrollment: text });

/** One check for each method that the SDK calls. */
export const RESULT_CHECKS = {
  hello: members<Result<'hello'>>({ protocol: (value) => value === PROTOCOL, version: text }),
  status: members<Result<'status'>>({
    token: truth,
    enrollments: list(isProgress),
    renewal: members<Result<'status'>['renewal']>({
      opensDaysBefore: number,
      closesDaysAfter: number,
      certificates: list(members<RenewalStatus>({ phase: text, opensAt: text, expiresAt: text, closesAt: text })),
    }),
  }),
  enroll: named,
  reenroll: named,
  watch: members<Result<'watch'>>({ ...statusMembers, result: maybe(isEnrollmentResult) }),
  cancel: isProgress,
  authenticate: members<Result<'authenticate'>>({
    format: text,
    unverifiedCertificate: text,
    algorithm: text,
    signature: text,
    appVersion: text,
  }),
  remove: members<Result<'remove'>>({ removed: (value) => value === true }),
} as const satisfies Partial<Record<Method, Check>>;

/** The methods the SDK calls. */
export type Called = keyof typeof RESULT_CHECKS;
