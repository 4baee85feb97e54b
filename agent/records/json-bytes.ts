/**
 * JSON with bytes in it, as `{ "base64": "…" }`: in the journal, which people can then read, and on the pipe to a token host.
 */

export function stringifyWithBytes(value: unknown, indent?: number): string {
  return JSON.stringify(value, bytesAsText, indent);
}

/** @throws SyntaxError */
export function parseWithBytes(text: string): unknown {
  return JSON.parse(text, textAsBytes) as unknown;
}

/** Looks at the holder: a Buffer's own `toJSON` has already been at the value. */
function bytesAsText(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const held = this[name];
  return held instanceof Uint8Array ? { base64: Buffer.from(held).toString('base64') } : value;
}

function textAsBytes(_: string, value: unknown): unknown {
  const encoded: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'base64') : undefined;
  return typeof encoded === 'string' ? new Uint8Array(Buffer.from(encoded, 'base64')) : value;
}
