import { type Html, html } from './html.js';
import { short } from './number.js';
import { rangeOf, scale, spreadOut, ticks } from './scale.js';

export interface Series {
  label: string;
  points: readonly (readonly [x: number, y: number])[];
  /** Which colour and mark: a cell keeps its own from chart to chart. */
  tone: number;
  /** Somebody else's: drawn dashed. */
  dashed?: boolean;
}

export interface LineChart {
  /** A document-wide unique name, for the text alternative. */
  id: string;
  title: string;
  /** What the chart shows, for those who do not see it. */
  description: string;
  xLabel: string;
  yLabel: string;
  series: readonly Series[];
}

const [WIDTH, HEIGHT] = [720, 340];
const PLOT = { left: 56, right: 570, top: 12, bottom: 296 };
const LABEL_GAP = 15;
/** Series are told apart by colour and by mark, so that colour alone says nothing. */
export const COLOURS = 9;
const MARKS = [
  (x: number, y: number) => html`<circle cx="${x}" cy="${y}" r="3.2"/>`,
  (x: number, y: number) => html`<rect x="${x - 3}" y="${y - 3}" width="6" height="6"/>`,
  (x: number, y: number) => html`<path d="M${x} ${y - 4}l4 7h-8z"/>`,
  (x: number, y: number) => html`<path d="M${x} ${y - 4.4}l4.4 4.4l-4.4 4.4l-4.4 -4.4z"/>`,
];

/** A chart of lines, each named at its right end, as an SVG with a title and a description of its own. */
export function lineChart({ id, title, description, xLabel, yLabel, series }: LineChart): Html {
  const drawn = series
    .map((one) => ({ ...one, points: one.points.filter(([, y]) => Number.isFinite(y)) }))
    .filter(({ points }) => points.length > 0);
  const xs = drawn.flatMap(({ points }) => points.map(([x]) => x));
  const xRange: [number, number] = xs.length > 0 ? [Math.min(...xs), Math.max(...xs, Math.min(...xs) + 1)] : [0, 1];
  const yRange = rangeOf(drawn.flatMap(({ points }) => points.map(([, y]) => y)));
  const x = scale(xRange, [PLOT.left + 8, PLOT.right - 8]);
  const y = scale(yRange, [PLOT.bottom, PLOT.top]);
  const ends = drawn.map(({ points }) => y(points.at(-1)![1]));
  const labels = spreadOut(ends, LABEL_GAP, [PLOT.top, PLOT.bottom]);
  const grid = ticks(...yRange).map(
    (value) => html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${short(y(value))}" y2="${short(y(value))}"/>
<text x="${PLOT.left - 8}" y="${short(y(value) + 4)}" text-anchor="end">${value}</text>`,
  );
  const below = ticks(...xRange, 8)
    .filter(Number.isInteger)
    .map((value) => html`<text x="${short(x(value))}" y="${PLOT.bottom + 18}" text-anchor="middle">${value}</text>`);
  const lines = drawn.map(({ label, points, tone, dashed }, index) => {
    const colour = `c${tone % COLOURS}`;
    const path = points.map(([px, py], at) => `${at === 0 ? 'M' : 'L'}${short(x(px))} ${short(y(py))}`).join('');
    const mark = MARKS[tone % MARKS.length]!;
    const marked = dashed || points.length > 40 ? [points.at(-1)!] : points;
    return html`<g class="${colour}"><path class="line${dashed ? ' dashed' : ''}" d="${path}"/>
${marked.map(([px, py]) => mark(short(x(px)), short(y(py))))}
<path class="leader" d="M${short(x(points.at(-1)![0]) + 5)} ${short(ends[index]!)}L${PLOT.right + 6} ${short(labels[index]!)}"/>
<text class="name" x="${PLOT.right + 10}" y="${short(labels[index]! + 4)}">${label}</text></g>`;
  });
  return html`<figure><figcaption>${title}</figcaption><div class="scroll"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>
${grid}${below}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${xLabel}</text>
<text transform="translate(14 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>
${lines}
</svg></div></figure>`;
}
