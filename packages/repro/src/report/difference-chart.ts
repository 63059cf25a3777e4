import { signed } from '../signed.js';
import type { Spread } from '../table.js';
import { type Html, html } from './html.js';
import { short } from './number.js';
import { rangeOf, scale, ticks } from './scale.js';

export interface Difference {
  label: string;
  ours: Spread | null;
  paper: number | null;
}

const WIDTH = 720;
const ROW = 30;
const PLOT = { left: 130, right: 690, top: 10 };

/** Differences to plain KD: ours as a bar with its deviation over seeds, the papers' as a diamond. */
export function differenceChart(id: string, title: string, rows: readonly Difference[]): Html {
  const bottom = PLOT.top + ROW * rows.length;
  const reach = rows.flatMap(({ ours, paper }) => [
    ...(ours ? [ours.mean - (ours.std ?? 0), ours.mean + (ours.std ?? 0)] : []),
    ...(paper === null ? [] : [paper]),
  ]);
  const range = rangeOf([0, ...reach]);
  const x = scale(range, [PLOT.left, PLOT.right]);
  const said = rows
    .map(
      ({ label, ours, paper }) =>
        `${label}: ours ${ours ? signed(ours.mean) : 'not run'}, papers ${paper === null ? 'none' : signed(paper)}`,
    )
    .join('; ');
  const grid = ticks(...range, 8).map(
    (value) => html`<line class="grid" x1="${short(x(value))}" x2="${short(x(value))}" y1="${PLOT.top}" y2="${bottom}"/>
<text x="${short(x(value))}" y="${bottom + 16}" text-anchor="middle">${value}</text>`,
  );
  const bars = rows.map(({ label, ours, paper }, index) => {
    const middle = PLOT.top + ROW * (index + 0.5);
    const bar =
      ours &&
      html`<rect class="bar" x="${short(Math.min(x(0), x(ours.mean)))}" y="${middle - 7}" width="${short(Math.max(1, Math.abs(x(ours.mean) - x(0))))}" height="14"/>`;
    const deviation =
      ours?.std != null &&
      html`<path class="deviation" d="M${short(x(ours.mean - ours.std))} ${middle}H${short(x(ours.mean + ours.std))}"/>`;
    const diamond = paper !== null && html`<path class="paper" d="M${short(x(paper))} ${middle - 7}l7 7l-7 7l-7 -7z"/>`;
    return html`<text x="${PLOT.left - 10}" y="${middle + 4}" text-anchor="end">${label}</text>${bar}${deviation}${diamond}`;
  });
  return html`<figure><figcaption>${title}</figcaption><div class="scroll"><svg viewBox="0 0 ${WIDTH} ${bottom + 40}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">${said}</desc>
${grid}<line class="axis" x1="${short(x(0))}" x2="${short(x(0))}" y1="${PLOT.top}" y2="${bottom}"/>
${bars}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${bottom + 34}" text-anchor="middle">points over KD (bar: ours, with its deviation over seeds; diamond: the papers')</text>
</svg></div></figure>`;
}
