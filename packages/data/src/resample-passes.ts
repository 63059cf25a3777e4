import type { Picture } from './picture.js';

/** Weights are whole numbers that add up to about 2^WEIGHT_BITS. */
export const WEIGHT_BITS = 22;
const HALF = 1 << (WEIGHT_BITS - 1);

/** Which source pixels each output pixel of one axis is made of, and with what weights. */
export interface Taps {
  /** Source pixels that an output pixel is made of: as many for each, some with no weight. */
  count: number;
  /** First source pixel of each output pixel. */
  first: Int32Array;
  /** [outputs, count] */
  weights: Int32Array;
}

/** Makes one row of output pixels out of the source row that begins at `row`; `first` counts in bytes. */
type RowPass = (from: Uint8Array, row: number, first: Int32Array, weights: Int32Array, count: number, to: Uint8Array, at: number) => void;

/** Where the weights are few there is no loop over them: it took half of the time of a pass. */
const ACROSS: Record<number, RowPass> = { 2: across2, 3: across3, 4: across4 };

/** Each row of a picture resampled. */
export function horizontal({ height, width, data }: Picture, { count, first, weights }: Taps): Picture {
  const out = new Uint8Array(first.length * height * 3);
  const firstByte = first.map((pixel) => 3 * pixel);
  const pass = ACROSS[count] ?? acrossMany;
  for (let y = 0; y < height; y++) pass(data, 3 * y * width, firstByte, weights, count, out, 3 * y * first.length);
  return { width: first.length, height, data: out };
}

function across2(from: Uint8Array, row: number, first: Int32Array, weights: Int32Array, _: number, to: Uint8Array, at: number): void {
  for (let x = 0, w = 0, o = at; x < first.length; x++, w += 2, o += 3) {
    const i = row + first[x]!;
    const a = weights[w]!;
    const b = weights[w + 1]!;
    to[o] = (HALF + Math.imul(a, from[i]!) + Math.imul(b, from[i + 3]!)) >> WEIGHT_BITS;
    to[o + 1] = (HALF + Math.imul(a, from[i + 1]!) + Math.imul(b, from[i + 4]!)) >> WEIGHT_BITS;
    to[o + 2] = (HALF + Math.imul(a, from[i + 2]!) + Math.imul(b, from[i + 5]!)) >> WEIGHT_BITS;
  }
}

function across3(from: Uint8Array, row: number, first: Int32Array, weights: Int32Array, _: number, to: Uint8Array, at: number): void {
  for (let x = 0, w = 0, o = at; x < first.length; x++, w += 3, o += 3) {
    const i = row + first[x]!;
    const a = weights[w]!;
    const b = weights[w + 1]!;
    const c = weights[w + 2]!;
    to[o] = (HALF + Math.imul(a, from[i]!) + Math.imul(b, from[i + 3]!) + Math.imul(c, from[i + 6]!)) >> WEIGHT_BITS;
    to[o + 1] = (HALF + Math.imul(a, from[i + 1]!) + Math.imul(b, from[i + 4]!) + Math.imul(c, from[i + 7]!)) >> WEIGHT_BITS;
    to[o + 2] = (HALF + Math.imul(a, from[i + 2]!) + Math.imul(b, from[i + 5]!) + Math.imul(c, from[i + 8]!)) >> WEIGHT_BITS;
  }
}

function across4(from: Uint8Array, row: number, first: Int32Array, weights: Int32Array, _: number, to: Uint8Array, at: number): void {
  for (let x = 0, w = 0, o = at; x < first.length; x++, w += 4, o += 3) {
    const i = row + first[x]!;
    const a = weights[w]!;
    const b = weights[w + 1]!;
    const c = weights[w + 2]!;
    const d = weights[w + 3]!;
    to[o] =
      (HALF + Math.imul(a, from[i]!) + Math.imul(b, from[i + 3]!) + Math.imul(c, from[i + 6]!) + Math.imul(d, from[i + 9]!)) >> WEIGHT_BITS;
    to[o + 1] =
      (HALF + Math.imul(a, from[i + 1]!) + Math.imul(b, from[i + 4]!) + Math.imul(c, from[i + 7]!) + Math.imul(d, from[i + 10]!)) >>
      WEIGHT_BITS;
    to[o + 2] =
      (HALF + Math.imul(a, from[i + 2]!) + Math.imul(b, from[i + 5]!) + Math.imul(c, from[i + 8]!) + Math.imul(d, from[i + 11]!)) >>
      WEIGHT_BITS;
  }
}

function acrossMany(
  from: Uint8Array,
  row: number,
  first: Int32Array,
  weights: Int32Array,
  count: number,
  to: Uint8Array,
  at: number,
): void {
  for (let x = 0, w = 0, o = at; x < first.length; x++, o += 3) {
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    const end = w + count;
    for (let i = row + first[x]!; w < end; w++, i += 3) {
      const weight = weights[w]!;
      red += Math.imul(weight, from[i]!);
      green += Math.imul(weight, from[i + 1]!);
      blue += Math.imul(weight, from[i + 2]!);
    }
    to[o] = red >> WEIGHT_BITS;
    to[o + 1] = green >> WEIGHT_BITS;
    to[o + 2] = blue >> WEIGHT_BITS;
  }
}

/** Adds up the rows of source pixels from `row` on, `line` bytes apart, to one row. */
type ColumnPass = (from: Uint8Array, row: number, line: number, weights: Int32Array, to: Uint8Array, at: number) => void;

const DOWN: Record<number, ColumnPass> = { 2: down2, 3: down3, 4: down4 };

/** Each column of a picture resampled. */
export function vertical({ width, data }: Picture, { count, first, weights }: Taps): Picture {
  const line = 3 * width;
  const out = new Uint8Array(line * first.length);
  const pass = DOWN[count] ?? downMany;
  for (let y = 0; y < first.length; y++) {
    pass(data, first[y]! * line, line, weights.subarray(y * count, (y + 1) * count), out, y * line);
  }
  return { width, height: first.length, data: out };
}

function down2(from: Uint8Array, row: number, line: number, weights: Int32Array, to: Uint8Array, at: number): void {
  const a = weights[0]!;
  const b = weights[1]!;
  for (let i = row, o = at; o < at + line; i++, o++) to[o] = (HALF + Math.imul(a, from[i]!) + Math.imul(b, from[i + line]!)) >> WEIGHT_BITS;
}

function down3(from: Uint8Array, row: number, line: number, weights: Int32Array, to: Uint8Array, at: number): void {
  const a = weights[0]!;
  const b = weights[1]!;
  const c = weights[2]!;
  for (let i = row, o = at; o < at + line; i++, o++) {
    to[o] = (HALF + Math.imul(a, from[i]!) + Math.imul(b, from[i + line]!) + Math.imul(c, from[i + 2 * line]!)) >> WEIGHT_BITS;
  }
}

function down4(from: Uint8Array, row: number, line: number, weights: Int32Array, to: Uint8Array, at: number): void {
  const a = weights[0]!;
  const b = weights[1]!;
  const c = weights[2]!;
  const d = weights[3]!;
  for (let i = row, o = at; o < at + line; i++, o++) {
    const upper = Math.imul(a, from[i]!) + Math.imul(b, from[i + line]!);
    to[o] = (HALF + upper + Math.imul(c, from[i + 2 * line]!) + Math.imul(d, from[i + 3 * line]!)) >> WEIGHT_BITS;
  }
}

function downMany(from: Uint8Array, row: number, line: number, weights: Int32Array, to: Uint8Array, at: number): void {
  const sums = new Int32Array(line).fill(HALF);
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k]!;
    const start = row + k * line;
    for (let x = 0; x < line; x++) sums[x] = sums[x]! + Math.imul(weight, from[start + x]!);
  }
  for (let x = 0; x < line; x++) to[at + x] = sums[x]! >> WEIGHT_BITS;
}
