/** Makes the text of strangers fit for a dialog: one line, bounded, nothing invisible, nothing that turns its direction. */

/** Shown where nothing is left of a text. */
const NOTHING = '–';
/** Code units looked at for each character that may be shown; what lies beyond is not worth its time. */
const SCAN_FACTOR = 16;

const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\p{Zs}]+/gu;
/** Bidi and zero-width characters, fillers, surrogates, private use and unassigned code points; U+2800 is blank. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
/** Piles of combining marks cover the neighbouring lines. */
const PILES = /(\p{M}{2})\p{M}+/gu;

/** At most `max` characters of a stranger's text, on one line; what was cut off is marked by `…`. */
export function plainLine(text: string, max: number, keep: 'start' | 'end' = 'start'): string {
  const scanned = scan(text, max * SCAN_FACTOR, keep);
  const visible = scanned.replace(INVISIBLE, '').normalize('NFC').replace(PILES, '$1').replace(BREAKS, ' ').trim();
  const characters = Array.from(visible);
  if (characters.length === 0) return NOTHING;
  const cut = scanned.length < text.length;
  if (characters.length <= max && !cut) return visible;
  return keep === 'start' ? `${characters.slice(0, max - 1).join('')}…` : `…${characters.slice(1 - max).join('')}`;
}

/**
 * Where the page comes from, as people read it: the host alone where it is https, the whole origin elsewhere. A long
 * host keeps its end, since that names who owns it.
 */
export function plainOrigin(origin: string, max: number): { readonly text: string; readonly https: boolean } {
  const https = origin.startsWith('https://');
  return { text: plainLine(https ? origin.slice('https://'.length) : origin, max, 'end'), https };
}

/** A code as the CA wants it: typed with a Japanese input method, letters and digits may come in full width. */
export function typedCode(bytes: Buffer): string {
  return bytes.toString('utf8').normalize('NFKC').trim();
}

function scan(text: string, units: number, keep: 'start' | 'end'): string {
  return keep === 'start' ? text.slice(0, units) : text.slice(-units);
}
