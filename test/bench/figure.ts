/** A figure, the floor it stands on and the goal between them. Ratios are judged; times are for reading. */
import type { Sample } from './stopwatch.ts';

export type Unit = 'ms' | 'µs' | 'MB' | 'kB' | '/s' | '';

export type Figure = {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: Sample;
  readonly floor?: { readonly name: string; readonly sample: Sample };
  /** Ours divided by the floor is to be at most this. */
  readonly goal?: number;
  /** What the figure means, or why there is no goal. */
  readonly note?: string;
};

export type Topic = (bench: Bench) => Promise<readonly Figure[]>;

/** What every topic is given. */
export type Bench = {
  /** A folder of its own, removed afterwards. */
  readonly folder: string;
  /** Path of the C program that is the floor. */
  readonly floor: string;
  /** A few rounds only: is it right, not how fast is it. */
  readonly quick: boolean;
};

export function ratioOf({ ours, floor }: Figure): number | undefined {
  return floor && ours.median / floor.sample.median;
}

export function isMissed(figure: Figure): boolean {
  const ratio = ratioOf(figure);
  return ratio !== undefined && figure.goal !== undefined && !(ratio <= figure.goal);
}

/** Of something that does not vary from run to run. */
export function exactly(value: number): Sample {
  return { median: value, low: value, high: value, runs: 1 };
}

const WIDTHS = [62, 26, 46, 7, 8] as const;

export function header(): string {
  return row(['', 'ours', 'floor', 'ratio', 'goal']);
}

export function line(figure: Figure): string {
  const { what, unit, ours, floor, goal, note } = figure;
  const ratio = ratioOf(figure);
  const cells = [
    what,
    spread(ours, unit),
    floor ? `${floor.name} ${spread(floor.sample, unit)}` : '',
    ratio?.toFixed(2) ?? '',
    goal === undefined ? '' : `≤ ${goal}`,
  ];
  return [row(cells), isMissed(figure) ? '  missed' : '', note ? `\n      ${note}` : ''].join('');
}

function row(cells: readonly string[]): string {
  return cells.map((cell, at) => (at === 0 ? cell.padEnd(WIDTHS[0]) : cell.padStart(WIDTHS[at] ?? 0))).join('');
}

function spread({ median, low, high, runs }: Sample, unit: Unit): string {
  if (runs <= 1) return `${short(median)} ${unit}`;
  return `${short(median)} [${short(low)}–${short(high)}] ${unit}`;
}

export function short(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
