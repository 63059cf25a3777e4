import { randomInt, randomUnit, streamOf } from '@tempered/tensors';
import { cropBytes } from './crop.js';
import type { Picture } from './picture.js';
import { STRONG_OPERATIONS, type StrongOperation } from './strong-operations.js';
import { VARIANTS } from './variants.js';

const STREAM = streamOf('strong view');
const NAMES = Object.keys(STRONG_OPERATIONS) as StrongOperation[];
const OPERATIONS_A_PICTURE = 2;
const MOST_CUTOUT = 0.5;
const CUTOUT_FILL = [125, 123, 114] as const;

/** The rectangle that is painted over: its share of the side, and two draws in [0, 1) that place it. */
export interface Cutout {
  fraction: number;
  ux: number;
  uy: number;
}

/** All that is random about a strong view. */
export interface StrongDraws {
  /** Crop and flip as one number, 0 .. 161; the strong view draws its own. */
  variant: number;
  operations: { name: StrongOperation; argument: number }[];
  cutout: Cutout;
}

/**
 * The draws of a strong view, from (seed, epoch, i) alone: a crop and flip, two of the fourteen operations (the same one can
 * come twice), an argument for each that is even over its range, and a cutout of up to half the side.
 *
 * Source   MLKD's strong augmentation as the authors' loader draws it, with draws of our own.
 */
export function drawStrong(seed: number, epoch: number, i: number): StrongDraws {
  const unit = (k: number): number => randomUnit(seed, STREAM, epoch, i, k);
  const whole = (bound: number, k: number): number => randomInt(bound, seed, STREAM, epoch, i, k);
  const operations = Array.from({ length: OPERATIONS_A_PICTURE }, (_, n) => {
    const name = NAMES[whole(NAMES.length, 1 + n)]!;
    return { name, argument: strongArgument(name, unit(3 + n)) };
  });
  return { variant: whole(VARIANTS, 0), operations, cutout: { fraction: unit(5) * MOST_CUTOUT, ux: unit(6), uy: unit(7) } };
}

/** The argument of an operation for a draw in [0, 1). */
export function strongArgument(name: StrongOperation, u: number): number {
  const { least, most } = STRONG_OPERATIONS[name];
  return least + (most - least) * u;
}

/** The strong view of a picture: crop, flip, operations in their order, cutout. */
export function strongView(picture: Picture, draws: StrongDraws): Picture {
  const { width, height, data } = picture;
  const cropped: Picture = { width, height, data: cropBytes(data, height, width, draws.variant) };
  const changed = draws.operations.reduce((view, { name, argument }) => STRONG_OPERATIONS[name].apply(view, argument), cropped);
  return paintCutout(changed, draws.cutout);
}

/**
 * First and last column (or row) of the cutout along a side; undefined where it has no size. Its middle runs from the far end
 * down to just above 1: pushed inside as a whole at the near end, cut off at the far one.
 */
export function cutoutSpan(side: number, fraction: number, u: number): [first: number, last: number] | undefined {
  const length = side * fraction;
  if (length <= 0) return undefined;
  const first = Math.trunc(Math.max(0, side - (side - 1) * u - length / 2));
  return [first, Math.min(side - 1, Math.trunc(first + length))];
}

/** The picture with the cutout's rectangle in one colour. */
export function paintCutout(picture: Picture, { fraction, ux, uy }: Cutout): Picture {
  const { width, height } = picture;
  const [columns, rows] = [cutoutSpan(width, fraction, ux), cutoutSpan(height, fraction, uy)];
  const data = picture.data.slice();
  if (columns && rows) {
    const [red, green, blue] = CUTOUT_FILL;
    for (let y = rows[0]; y <= rows[1]; y++) {
      for (let at = (y * width + columns[0]) * 3; at <= (y * width + columns[1]) * 3; at += 3) {
        data[at] = red;
        data[at + 1] = green;
        data[at + 2] = blue;
      }
    }
  }
  return { width, height, data };
}
