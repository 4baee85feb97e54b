/** Lines for a terminal. Texts are aligned by the columns that they take up, and control characters are replaced. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
/** Control characters and those that change the direction of writing. A token's label or a certificate's name may have them. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export type Field = readonly [label: string, value: string | undefined];

/** `label  value` in two columns; a field without a value is left out. */
export function fields(list: readonly Field[], indent = ''): string[] {
  const present = list.filter((field): field is readonly [string, string] => field[1] !== undefined && field[1] !== '');
  const width = Math.max(0, ...present.map(([label]) => widthOf(label)));
  return present.map(([label, value]) => `${indent}${padded(label, width)}  ${value}`);
}

/** A table. Each column is as wide as its widest text. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => widthOf(row[column] ?? '')));
  return rows.map((row) =>
    row
      .map((text, column) => padded(text, width(column)))
      .join('  ')
      .trimEnd(),
  );
}

/** The lines of all blocks, with an empty line between blocks. */
export function blocks(list: readonly (readonly string[])[]): string[] {
  return list.flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function widthOf(text: string): number {
  return Array.from(text).reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

export function printable(line: string): string {
  return line.replaceAll(STEERING, '\ufffd');
}

export function dateIn(language: string, date: string | number | Date): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(new Date(date));
}

export function timeIn(language: string, date: string | number | Date): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(date));
}
