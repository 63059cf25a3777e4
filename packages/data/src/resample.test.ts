import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, type Picture } from './picture.js';
import { type ResampleOptions, resampling, viewOf } from './resample.js';

const picture = fc
  .record({ width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 24 }), seed: fc.nat() })
  .map(({ width, height, seed }): Picture => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24);
    return { width, height, data };
  });
const resample = (from: Picture, width: number, height: number, options?: ResampleOptions): Picture =>
  viewOf(from, resampling(from, width, height, options));
const side = fc.integer({ min: 1, max: 40 });

/** The same filter in real numbers, both axes at once: what rounding may move by about one level a pass. */
function inRealNumbers({ width, height, data }: Picture, toWidth: number, toHeight: number): number[] {
  const weights = (n: number, m: number, i: number): number[] => {
    const scale = n / m;
    const radius = Math.max(scale, 1);
    const raw = Array.from({ length: n }, (_, j) => Math.max(0, 1 - Math.abs(j + 0.5 - (i + 0.5) * scale) / radius));
    const sum = raw.reduce((a, b) => a + b, 0);
    return raw.map((w) => w / sum);
  };
  const out: number[] = [];
  for (let y = 0; y < toHeight; y++) {
    const down = weights(height, toHeight, y);
    for (let x = 0; x < toWidth; x++) {
      const across = weights(width, toWidth, x);
      for (let c = 0; c < 3; c++) {
        out.push(
          down.reduce((sum, v, j) => sum + (v && v * across.reduce((s, h, i) => s + (h && h * data[(j * width + i) * 3 + c]!), 0)), 0),
        );
      }
    }
  }
  return out;
}

describe('resampling', () => {
  test('stays within rounding of the same filter in real numbers', () => {
    fc.assert(
      fc.property(picture, side, side, (from, width, height) => {
        const exact = inRealNumbers(from, width, height);
        const { data } = resample(from, width, height);
        expect(data.length).toBe(exact.length);
        expect(Math.max(...data.map((v, i) => Math.ceil(Math.abs(v - exact[i]!) * 1000)))).toBeLessThan(1010);
      }),
    );
  });

  test('a window is just that part of the whole', () => {
    fc.assert(
      fc.property(picture, side, side, fc.nat(1000), fc.nat(1000), (from, width, height, a, b) => {
        const box = { left: a % width, top: b % height, width: 1 + (b % (width - (a % width))), height: 1 + (a % (height - (b % height))) };
        expect(resample(from, width, height, { window: box })).toEqual(cut(resample(from, width, height), box));
      }),
    );
  });

  test('to its own size a picture stays as it is; one colour stays one colour', () => {
    fc.assert(
      fc.property(picture, side, side, (from, width, height) => {
        expect(resample(from, from.width, from.height)).toEqual(from);
        const flat = { ...from, data: from.data.map((_, i) => 40 * ((i % 3) + 1)) };
        expect(resample(flat, width, height).data).toEqual(Uint8Array.from({ length: width * height * 3 }, (_, i) => 40 * ((i % 3) + 1)));
      }),
    );
  });

  test('refuses sizes that are none', () => {
    const one = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
    expect(() => resample(one, 0, 5)).toThrow(RangeError);
    expect(() => cut(one, { top: 0, left: 0, width: 2, height: 1 })).toThrow(/leaves a picture of 1x1/);
  });
});

/** The picture's pixels in the opposite order in each row. */
function mirror({ width, height, data }: Picture): Picture {
  const pixel = (p: number): number => p - (p % width) + width - 1 - (p % width);
  return { width, height, data: data.map((_, i) => data[3 * pixel(Math.floor(i / 3)) + (i % 3)]!) };
}

test('mirrored, a picture is the mirror image of what it is otherwise', () => {
  fc.assert(
    fc.property(picture, side, side, (from, width, height) => {
      expect(resample(from, width, height, { mirrored: true })).toEqual(mirror(resample(from, width, height)));
    }),
  );
});

test('of a part nothing around it counts', () => {
  fc.assert(
    fc.property(picture, side, side, fc.nat(1000), fc.nat(1000), (from, width, height, a, b) => {
      const left = a % from.width;
      const top = b % from.height;
      const part = { left, top, width: 1 + (b % (from.width - left)), height: 1 + (a % (from.height - top)) };
      expect(viewOf(from, resampling(part, width, height, { origin: part }))).toEqual(resample(cut(from, part), width, height));
    }),
  );
});

test('a part that begins inside a pixel lies where it says: a ramp stays the ramp', () => {
  const ramp = { width: 40, height: 40, data: Uint8Array.from({ length: 4800 }, (_, i) => 6 * (Math.floor(i / 3) % 40)) };
  const { data } = viewOf(ramp, resampling({ width: 20.5, height: 30 }, 10, 10, { origin: { left: 5.25, top: 2.5 } }));
  for (let x = 1; x < 9; x++) expect(data[3 * (50 + x)]!).toBeNear(6 * (5.25 + 2.05 * (x + 0.5) - 0.5), { absolute: 1 });
});
