/** Signs orders on the bank's server. Specification: `ORDER.md`. */
import { randomBytes } from 'node:crypto';
import { CompactSign } from 'jose';
import * as v from 'valibot';
import { ORDER_MAX_LENGTH, ORDER_MAX_LIFETIME_S, ORDER_TYP, type OrderClaims, orderClaims } from '../protocol/order.ts';
import type { SigningKey } from './signing-key.ts';

/** In five minutes a page can easily hand the order over. The time is short, so that a stolen order is worth little. */
const DEFAULT_LIFETIME_S = 5 * 60;

/** The claims that `newOrderClaims` fills in. */
type Filled = 'aud' | 'jti' | 'iat' | 'exp';
type WithoutFilled<Claims> = Claims extends unknown
  ? Omit<Claims, Filled> & Partial<Pick<Claims, Filled & keyof Claims>>
  : never;
export type OrderDraft = WithoutFilled<OrderClaims>;

export class OrderError extends Error {
  override readonly name = 'OrderError';
  readonly code: 'claims-invalid' | 'lifetime-invalid' | 'too-long';
  /** The path of the wrong member, never its value, because orders carry a secret. */
  readonly member: string;

  constructor(code: OrderError['code'], member: string, message: string) {
    super(message);
    this.code = code;
    this.member = member;
  }
}

/** Fills in the claims that the draft leaves out: the audience, a new `jti` of 128 random bits, and the times. */
export function newOrderClaims(draft: OrderDraft, now: Date = new Date(), lifetimeS = DEFAULT_LIFETIME_S): OrderClaims {
  const iat = draft.iat ?? Math.floor(now.getTime() / 1000);
  return {
    aud: 'inkan',
    jti: randomBytes(16).toString('base64url'),
    exp: iat + lifetimeS,
    ...draft,
    iat,
  };
}

/**
 * Signs claims as a compact JWS (RFC 7515 §3.1).
 * @throws OrderError when the claims break the schema, since an agent would refuse such an order
 */
export async function signOrder(claims: OrderClaims, { key, kid, alg }: SigningKey): Promise<string> {
  const checked = checkClaims(claims);
  const order = await new CompactSign(new TextEncoder().encode(JSON.stringify(checked)))
    .setProtectedHeader({ alg, kid, typ: ORDER_TYP })
    .sign(key);
  if (order.length > ORDER_MAX_LENGTH) {
    throw new OrderError(
      'too-long',
      '',
      `The order has ${order.length} characters, at most ${ORDER_MAX_LENGTH} are allowed`,
    );
  }
  return order;
}

function checkClaims(claims: unknown): OrderClaims {
  const result = v.safeParse(orderClaims, claims, { abortEarly: true });
  if (!result.success) {
    const member = v.getDotPath(result.issues[0]) ?? '';
    throw new OrderError('claims-invalid', member, `The order's member "${member}" is missing, unknown or malformed`);
  }
  checkLifetime(result.output);
  return result.output;
}

function checkLifetime({ iat, exp }: OrderClaims): void {
  if (exp > iat && exp - iat <= ORDER_MAX_LIFETIME_S) return;
  throw new OrderError(
    'lifetime-invalid',
    'exp',
    `An order lives more than 0 and at most ${ORDER_MAX_LIFETIME_S} seconds`,
  );
}
