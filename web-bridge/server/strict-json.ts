/** Reads JSON (RFC 8259) from a stranger. Its depth is bounded. No name may come twice (§4), or be one that objects inherit. */

/** Valibot ignores the members `prototype` and `constructor`. They are refused here, as any unknown member must be. */
const INHERITED: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** Matches the tokens of a text that is known to be JSON. */
function isHarmless(text: string, depth: number): boolean {
  const open: Set<string>[] = [];
  let lastText = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') lastText = token;
    else {
      const name = JSON.parse(lastText) as string;
      if (INHERITED.has(name) || open.at(-1)?.has(name)) return false;
      open.at(-1)?.add(name);
    }
    if (open.length > depth) return false;
  }
  return true;
}

/** The value, or `undefined` if the text is not JSON, or breaks one of these rules. */
export function parseStrictly(text: string, depth: number): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isHarmless(text, depth) ? value : undefined;
  } catch {
    return undefined;
  }
}
