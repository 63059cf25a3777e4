import type { Points } from '../analysis/cell-analysis.js';
import { type Html, html } from './html.js';
import { short } from './number.js';
import { rangeOf, scale, ticks } from './scale.js';

export interface Cloud extends Points {
  label: string;
  /** Which colour. */
  tone: number;
}

export interface ScatterChart {
  /** A document-wide unique name, for the text alternative. */
  id: string;
  title: string;
  description: string;
  xLabel: string;
  yLabel: string;
  clouds: readonly Cloud[];
  /** What the axes cover, where several charts shall share it. */
  xRange?: readonly [number, number];
  yRange?: readonly [number, number];
}

const [WIDTH, HEIGHT] = [360, 300];
const PLOT = { left: 44, right: 350, top: 10, bottom: 256 };

const values = (clouds: readonly Points[], axis: 'x' | 'y'): number[] => clouds.flatMap((cloud) => [...cloud[axis]]);

/** What the axes of several charts cover together. */
export const sharedRanges = (clouds: readonly Points[]): { xRange: readonly [number, number]; yRange: readonly [number, number] } => ({
  xRange: rangeOf(values(clouds, 'x'), 1e-6),
  yRange: rangeOf(values(clouds, 'y'), 1e-6),
});

/** Clouds of points, each in a colour that the line below the title names. */
export function scatterChart({ id, title, description, xLabel, yLabel, clouds, ...ranges }: ScatterChart): Html {
  const { xRange, yRange } = { ...sharedRanges(clouds), ...ranges };
  const x = scale(xRange, [PLOT.left, PLOT.right]);
  const y = scale(yRange, [PLOT.bottom, PLOT.top]);
  const grid = ticks(...yRange, 4).map(
    (value) => html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${short(y(value))}" y2="${short(y(value))}"/>
<text x="${PLOT.left - 6}" y="${short(y(value) + 4)}" text-anchor="end">${value}</text>`,
  );
  const below = ticks(...xRange, 5).map(
    (value) => html`<text x="${short(x(value))}" y="${PLOT.bottom + 16}" text-anchor="middle">${value}</text>`,
  );
  // Each point is a line of no length with round ends: a path for a whole cloud.
  const drawn = clouds.map(({ tone, x: xs, y: ys }) => {
    const dots = xs.flatMap((px, n) => (Number.isFinite(px) && Number.isFinite(ys[n]!) ? [`M${short(x(px))} ${short(y(ys[n]!))}h0`] : []));
    return html`<path class="dots c${tone}" d="${dots.join('')}"/>`;
  });
  return html`<figure class="small"><figcaption>${title}</figcaption>
<p class="key">${clouds.map(({ label, tone }) => html`<span class="c${tone}">${label}</span> `)}</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>
${grid}${below}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${xLabel}</text>
<text transform="translate(12 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>
${drawn}</svg></figure>`;
}
