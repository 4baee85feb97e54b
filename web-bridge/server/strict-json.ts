/** JSON (RFC 8259) from a stranger: of bounded depth, with no name twice (§4) and none that objects inherit from. */

/** Also what valibot passes over in silence (`prototype`, `constructor`), so that no unknown member goes unrefused. */
const INHERITED: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** Walks the tokens of a text that is known to be JSON. */
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

/** The value, or `undefined` for a text that is not JSON or not harmless. */
export function parseStrictly(text: string, depth: number): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isHarmless(text, depth) ? value : undefined;
  } catch {
    return undefined;
  }
}
