/** The ratios as bars: how far up to its goal each figure comes. Drawn by hand, for one picture needs no library. */
import { type Figure, isMissed, ratioOf } from './figure.ts';

const [LINE, LEFT, WIDTH, TOP] = [34, 430, 420, 56];
/** The goal stands at this share of the width; what is worse than 4/3 of it is cut off. */
const GOAL_AT = 0.75;

export function chart(figures: readonly Figure[], machine: string): string {
  const judged = figures.filter(({ goal, floor }) => goal !== undefined && floor !== undefined);
  const height = TOP + judged.length * LINE + 20;
  const goalX = LEFT + WIDTH * GOAL_AT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 90} ${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="24" font-size="16">Ours divided by the floor; the line is the goal</text>
<text x="16" y="42" fill="#666">${escape(machine)}</text>
${judged.map(bar).join('\n')}
<line x1="${goalX}" y1="${TOP - 6}" x2="${goalX}" y2="${height - 14}" stroke="#333" stroke-dasharray="4 3"/>
</svg>
`;
}

function bar(figure: Figure, at: number): string {
  const [ratio, goal] = [ratioOf(figure) ?? 0, figure.goal ?? 1];
  const y = TOP + at * LINE;
  const width = Math.min(WIDTH, (ratio / goal) * GOAL_AT * WIDTH);
  const name = `${figure.what} / ${figure.floor?.name ?? ''}`;
  return `<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${escape(name)}</text>
<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="20" fill="${isMissed(figure) ? '#c0392b' : '#2c7a4b'}"/>
<text x="${LEFT + width + 6}" y="${y + 15}">${ratio.toFixed(2)} (≤ ${goal})</text>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
