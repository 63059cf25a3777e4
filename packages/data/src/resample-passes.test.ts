import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import wabt from 'wabt';
import type { Picture } from './picture.js';
import { resampleAxes, type Taps, WEIGHT_BITS } from './resample-passes.js';
import { RESAMPLE_WASM } from './resample-wasm.js';

const noise = (width: number, height: number, seed = 1): Picture => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24),
});

/** Taps on `inputs` pixels: any weights that add up to one. */
const tapsOn = (inputs: number, outputs: number, count: number, seed: number): Taps => {
  const random = (i: number): number => (Math.imul(i + seed, 2246822519) >>> 8) / 2 ** 24;
  const weights = new Int32Array(outputs * count);
  for (let o = 0; o < outputs; o++) {
    let left = 2 ** WEIGHT_BITS;
    for (let k = 0; k < count; k++) left -= weights[o * count + k] = k === count - 1 ? left : Math.floor(left * random(o * count + k));
  }
  return { count, first: Int32Array.from({ length: outputs }, (_, o) => Math.floor(random(7 * o) * (inputs - count + 1))), weights };
};

/** One axis in plain numbers; `stride` is the distance of neighbours on it, in values. */
function along(data: ArrayLike<number>, lines: number[], stride: number, { count, first, weights }: Taps): number[][] {
  return lines.map((start) =>
    Array.from(first, (from, o) => {
      let sum = 2 ** (WEIGHT_BITS - 1);
      for (let k = 0; k < count; k++) sum += weights[o * count + k]! * data[start + (from + k) * stride]!;
      return Math.floor(sum / 2 ** WEIGHT_BITS);
    }),
  );
}

function plain({ width, height, data }: Picture, across: Taps, down: Taps, verticalFirst: boolean): number[] {
  const rows = (values: ArrayLike<number>, count: number, length: number): number[] => {
    const made = along(
      values,
      Array.from({ length: count * 3 }, (_, i) => Math.floor(i / 3) * length * 3 + (i % 3)),
      3,
      across,
    );
    return Array.from({ length: count }, (_, y) => Array.from(across.first, (_, x) => [0, 1, 2].map((c) => made[3 * y + c]![x]!))).flat(2);
  };
  const columns = (values: ArrayLike<number>, length: number): number[] => {
    const made = along(
      values,
      Array.from({ length: 3 * length }, (_, x) => x),
      3 * length,
      down,
    );
    return Array.from(down.first, (_, y) => made.map((column) => column[y]!)).flat();
  };
  return verticalFirst ? rows(columns(data, width), down.first.length, width) : columns(rows(data, height, width), across.first.length);
}

test('the assembled passes are those that resample.wat describes', async () => {
  const source = readFileSync(fileURLToPath(new URL('./resample.wat', import.meta.url)), 'utf8');
  const { buffer } = (await wabt()).parseWat('resample.wat', source, { simd: true }).toBinary({});
  expect(Buffer.from(buffer).toString('base64'), 'nx run data:assemble-resampling').toBe(RESAMPLE_WASM);
});

test('give the numbers of plain loops, whatever the sizes, in both orders', () => {
  const side = fc.integer({ min: 1, max: 30 });
  fc.assert(
    fc.property(side, side, side, side, fc.integer({ min: 1, max: 9 }), fc.nat(1e6), fc.boolean(), (w, h, toW, toH, most, seed, order) => {
      const picture = noise(w, h, seed);
      const [across, down] = [tapsOn(w, toW, Math.min(most, w), seed), tapsOn(h, toH, Math.min(most, h), seed + 1)];
      const { width, height, data } = resampleAxes(picture, across, down, order);
      expect([width, height, Array.from(data)]).toEqual([toW, toH, plain(picture, across, down, order)]);
    }),
  );
});

test('a large picture between small ones leaves no trace', () => {
  const small = (): Picture => resampleAxes(noise(9, 7), tapsOn(9, 5, 3, 1), tapsOn(7, 4, 2, 1), false);
  const before = small();
  const white: Picture = { width: 6000, height: 4000, data: new Uint8Array(6000 * 4000 * 3).fill(255) };
  const large = resampleAxes(white, tapsOn(6000, 3, 2, 1), tapsOn(4000, 3, 2, 1), false);
  expect(large.data).toEqual(new Uint8Array(27).fill(255));
  expect(small()).toEqual(before);
});
