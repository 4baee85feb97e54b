/** Cleans untrusted texts for a dialog: one line, a maximum length, no invisible characters, no change of writing direction. */

/** Shown if nothing is left of a text. */
const NOTHING = '–';
/** Only this many code units for each shown character are read, so that a very long text costs no time. */
const SCAN_FACTOR = 16;

const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\p{Zs}]+/gu;
/** Bidi and zero-width characters, fillers, surrogates, private use, unassigned code points, and U+2800, which is blank. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
/** More than two combining marks on a character, which would cover the neighbouring lines. */
const PILES = /(\p{M}{2})\p{M}+/gu;

/** At most `max` characters of an untrusted text, on one line. `…` marks where it was cut. */
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
 * An origin for people: the host of an https origin, the whole of any other. A long host keeps its end, because the end names
 * the owner of the domain.
 */
export function plainOrigin(origin: string, max: number): { readonly text: string; readonly https: boolean } {
  const https = origin.startsWith('https://');
  return { text: plainLine(https ? origin.slice('https://'.length) : origin, max, 'end'), https };
}

/** A typed code in its normal form: a Japanese input method may give full-width letters and digits. */
export function typedCode(bytes: Buffer): string {
  return bytes.toString('utf8').normalize('NFKC').trim();
}

function scan(text: string, units: number, keep: 'start' | 'end'): string {
  return keep === 'start' ? text.slice(0, units) : text.slice(-units);
}
