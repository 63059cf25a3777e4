import { type Box, cut, type Picture } from './picture.js';
import { resampleAxes, type Taps, WEIGHT_BITS } from './resample-passes.js';

/** A picture's size, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A view of a picture: the part of it that is needed at all, and what is made of that part. */
export interface View extends Size {
  needs: Box;
  make(part: Picture): Picture;
}

export interface ResampleOptions {
  /** The part of the new picture that is made. Default all of it. */
  window?: Box;
  /** Left to right. Default false. */
  mirrored?: boolean;
  /** Where the resampled part of the source begins; may lie inside a pixel, as its size may be no whole number. Default 0, 0. */
  origin?: { left: number; top: number };
}

/** Keeps what should be a whole number from becoming the next one. */
const ROUNDING = 1e-9;

interface Axis {
  /** The source pixels that are needed at all: the first, and one past the last. */
  from: number;
  to: number;
  /** Their numbers count from `from`. */
  taps(): Taps;
}

/** The output pixels begin .. begin + outputs - 1 of an axis on which n pixels from `origin` on become m. */
function axis(n: number, m: number, begin: number, outputs: number, origin: number): Axis {
  const scale = n / m;
  const radius = Math.max(scale, 1);
  const centreOf = (i: number): number => origin + (begin + i + 0.5) * scale;
  const end = Math.ceil(origin + n - ROUNDING);
  const lowOf = (i: number): number => Math.max(0, Math.trunc(centreOf(i) - radius + 0.5));
  const highOf = (i: number): number => Math.min(end, Math.trunc(centreOf(i) + radius + 0.5));
  const [from, to] = [lowOf(0), highOf(outputs - 1)];
  return { from, to, taps };

  function taps(): Taps {
    let count = 0;
    for (let i = 0; i < outputs; i++) count = Math.max(count, highOf(i) - lowOf(i));
    const first = new Int32Array(outputs);
    const weights = new Int32Array(outputs * count);
    const raw = new Float64Array(count);
    for (let i = 0; i < outputs; i++) {
      const [centre, low, high] = [centreOf(i), lowOf(i), highOf(i)];
      let sum = 0;
      for (let j = low; j < high; j++) sum += raw[j - low] = Math.max(0, 1 - Math.abs((j - centre + 0.5) * (1 / radius)));
      const moved = Math.max(0, low + count - to);
      first[i] = low - moved - from;
      for (let k = 0; k < high - low; k++) weights[i * count + moved + k] = Math.trunc((raw[k]! / sum) * 2 ** WEIGHT_BITS + 0.5);
    }
    return { count, first, weights };
  }
}

/** The output pixels in the opposite order. */
function reversed({ count, first, weights }: Taps): Taps {
  const back = new Int32Array(weights.length);
  for (let i = 0; i < first.length; i++) back.set(weights.subarray(i * count, (i + 1) * count), weights.length - (i + 1) * count);
  return { count, first: first.toReversed(), weights: back };
}

/**
 * A picture, or a part of one, in another size, by bilinear resampling with antialiasing in whole numbers. Nothing outside the
 * part counts.
 *
 * Two passes over bytes. Output i has its centre at (i + 1/2) n/m, a triangle of radius max(n/m, 1) around it gives the weights,
 * which are normalised (so an edge is renormalised, not repeated), times 2^22 and rounded; pixel = (2^21 + sum of weight times
 * value) >> 22, which leaves an axis of unchanged size as it is. Vertical first when the height shrinks by more than twice what
 * the width does, in pixels; else horizontal first.
 *
 * Throws   RangeError on a size that is none.
 * Source   Pillow 13's resize, equal to the bit (Pillow up to 12 always went horizontal first).
 */
export function resampling(of: Size, width: number, height: number, options: ResampleOptions = {}): View {
  if (!(width > 0 && height > 0)) throw new RangeError(`a picture cannot become ${width}x${height}`);
  const { window = { top: 0, left: 0, width, height }, mirrored, origin = { left: 0, top: 0 } } = options;
  const [left, top] = [Math.floor(origin.left), Math.floor(origin.top)];
  const across = axis(of.width, width, window.left, window.width, origin.left - left);
  const down = axis(of.height, height, window.top, window.height, origin.top - top);
  const shrinks = of.height - height;
  const verticalFirst = shrinks > 0 && shrinks > 2 * (of.width - width);
  return {
    width: window.width,
    height: window.height,
    needs: { top: top + down.from, left: left + across.from, width: across.to - across.from, height: down.to - down.from },
    make: (part) => resampleAxes(part, mirrored ? reversed(across.taps()) : across.taps(), down.taps(), verticalFirst),
  };
}

/** A view of a picture that is there as a whole. */
export function viewOf(picture: Picture, { needs, make }: View): Picture {
  return make(cut(picture, needs));
}
