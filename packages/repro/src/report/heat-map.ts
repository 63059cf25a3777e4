import { type Html, html } from './html.js';

export interface HeatMap {
  id: string;
  title: string;
  description: string;
  /** [side, side] row by row. */
  side: number;
  values: readonly number[];
  /** The value of the strongest colour; what lies above it is drawn in it. */
  top: number;
}

/** Steps of colour beside the blank one. */
export const HEAT_LEVELS = 7;
const WIDTH = 300;

/** Which step of colour a value has: 0 is blank. */
export const levelOf = (value: number, top: number): number =>
  !(value > 0) || !(top > 0) ? 0 : Math.min(HEAT_LEVELS, Math.round((HEAT_LEVELS * value) / top));

/** A square of colours: a path a step of colour, neighbours in a row drawn as one line. */
export function heatMap({ id, title, description, side, values, top }: HeatMap): Html {
  const paths = Array.from({ length: HEAT_LEVELS + 1 }, () => '');
  for (let row = 0; row < side; row++) {
    for (let from = 0; from < side; ) {
      const level = levelOf(values[row * side + from]!, top);
      let to = from + 1;
      while (to < side && levelOf(values[row * side + to]!, top) === level) to++;
      if (level > 0) paths[level] += `M${from} ${row + 0.5}h${to - from}`;
      from = to;
    }
  }
  const drawn = paths.map((d, level) => (d ? html`<path class="heat h${level}" d="${d}"/>` : null));
  return html`<figure class="small"><figcaption>${title}</figcaption>
<svg class="map" viewBox="0 0 ${side} ${side}" width="${WIDTH}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>
<rect class="frame" width="${side}" height="${side}"/>${drawn}</svg></figure>`;
}

/** What the colours stand for. */
export const heatKey = (top: number): Html =>
  html`<p class="key heat-key">0 <svg viewBox="0 0 ${HEAT_LEVELS + 1} 1" aria-hidden="true">${Array.from(
    { length: HEAT_LEVELS + 1 },
    (_, level) => html`<path class="heat h${level}" d="M${level} .5h1"/>`,
  )}</svg> ${top.toFixed(2)} or more</p>`;
