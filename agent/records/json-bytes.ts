/** JSON with byte strings, written as `{ "base64": "…" }`. The journal uses it, and the pipe to a token host. */

export function stringifyWithBytes(value: unknown, indent?: number): string {
  return JSON.stringify(value, bytesAsText, indent);
}

/** @throws SyntaxError */
export function parseWithBytes(text: string): unknown {
  return JSON.parse(text, textAsBytes) as unknown;
}

/** Reads the member from its object, because `value` of a Buffer is already the result of `Buffer.toJSON`. */
function bytesAsText(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const member = this[name];
  return member instanceof Uint8Array ? { base64: Buffer.from(member).toString('base64') } : value;
}

function textAsBytes(_: string, value: unknown): unknown {
  const encoded: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'base64') : undefined;
  return typeof encoded === 'string' ? new Uint8Array(Buffer.from(encoded, 'base64')) : value;
}
