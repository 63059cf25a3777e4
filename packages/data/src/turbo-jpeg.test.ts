import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import sharp, { type JpegOptions } from 'sharp';
import { describe, expect, test } from 'vitest';
import { cut, type Picture } from './picture.js';
import { hasTurboJpeg, turboPart } from './turbo-jpeg.js';

const PHOTOGRAPH = fileURLToPath(new URL('../../../golden/images/inputs/photo1-rgb.png', import.meta.url));

const jpeg = (width: number, height: number, options: JpegOptions = {}): Promise<Buffer> =>
  sharp(PHOTOGRAPH)
    .resize(width, height, { fit: 'fill' })
    .removeAlpha()
    .jpeg({ quality: 92, ...options })
    .toBuffer();

async function bySharp(bytes: Buffer): Promise<Picture> {
  const { data, info } = await sharp(bytes).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: Uint8Array.from(data) };
}

/** A box in a picture, out of four numbers in [0, 1). */
function boxIn({ width, height }: { width: number; height: number }, [a, b, c, d]: readonly number[]) {
  const [left, top] = [Math.floor(a! * width), Math.floor(b! * height)];
  return { left, top, width: 1 + Math.floor(c! * (width - left)), height: 1 + Math.floor(d! * (height - top)) };
}

const SMALL = { width: 64, height: 48 };

const KINDS: [string, JpegOptions, boolean][] = [
  ['4:2:0', { chromaSubsampling: '4:2:0' }, false],
  ['4:4:4', { chromaSubsampling: '4:4:4' }, false],
  ['progressive', { progressive: true }, false],
  ['progressive 4:4:4', { progressive: true, chromaSubsampling: '4:4:4' }, false],
  ['gray', {}, true],
];

test('is there on the machines that are tested', () => {
  expect(hasTurboJpeg()).toBe(true);
});

describe('libjpeg-turbo', () => {
  test.each(KINDS)('decodes a whole %s JPEG, and any part of it, to the bytes of sharp', async (_, options, gray) => {
    for (const [width, height] of [
      [97, 71],
      [160, 128],
      [33, 150],
    ] as const) {
      const colour = await jpeg(width, height, options);
      const bytes = gray ? await sharp(colour).grayscale().jpeg().toBuffer() : colour;
      const whole = await bySharp(bytes);
      expect(turboPart(bytes, whole)).toEqual(whole);
      const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
      fc.assert(
        fc.property(fc.tuple(unit, unit, unit, unit), (numbers) => {
          const box = boxIn(whole, numbers);
          expect(Buffer.compare(turboPart(bytes, whole, box)!.data, cut(whole, box).data)).toBe(0);
        }),
        { numRuns: 150 },
      );
    }
  });

  test.each([2, 4, 8])('a part of a picture shrunk %i times is that of the whole', async (shrink) => {
    const bytes = await jpeg(331, 219);
    const of = { width: 331, height: 219 };
    const whole = turboPart(bytes, of, undefined, shrink)!;
    expect([whole.width, whole.height]).toEqual([Math.ceil(331 / shrink), Math.ceil(219 / shrink)]);
    for (const numbers of [
      [0, 0, 0.5, 0.5],
      [0.3, 0.4, 0.5, 0.3],
      [0.61, 0.13, 0.99, 0.99],
    ]) {
      const box = boxIn(whole, numbers);
      expect(turboPart(bytes, of, box, shrink)).toEqual(cut(whole, box));
    }
  });

  test('takes bytes that lie inside others', async () => {
    const bytes = await jpeg(64, 48);
    const inside = Buffer.concat([Buffer.alloc(37, 0xff), bytes, Buffer.alloc(11)]).subarray(37, 37 + bytes.length);
    expect(turboPart(inside, SMALL)).toEqual(turboPart(bytes, SMALL));
  });

  test('leaves what is wrong in any way to sharp', async () => {
    const bytes = await jpeg(64, 48);
    expect(turboPart(bytes.subarray(0, bytes.length - 40), SMALL)).toBe(undefined);
    expect(turboPart(await readFile(PHOTOGRAPH), SMALL)).toBe(undefined);
    const short = Buffer.concat([bytes.subarray(0, bytes.length - 200), bytes.subarray(bytes.length - 2)]);
    expect(turboPart(short, SMALL)).toBe(undefined);
    expect(turboPart(short, SMALL, { left: 0, top: 0, width: 64, height: 8 })).toEqual(
      cut(await bySharp(bytes), { left: 0, top: 0, width: 64, height: 8 }),
    );
  });

  test('writes nowhere else: neither a size that the header does not say nor a part outside is taken', async () => {
    const bytes = await jpeg(64, 48);
    expect(turboPart(bytes, { width: 65, height: 48 })).toBe(undefined);
    expect(turboPart(bytes, { width: 64, height: 47 }, { left: 0, top: 0, width: 8, height: 8 })).toBe(undefined);
    for (const part of [
      { left: 60, top: 0, width: 20, height: 8 },
      { left: 0, top: 0, width: 8, height: 0 },
      { left: 64, top: 0, width: 0, height: 8 },
      { left: 0, top: 44, width: 8, height: 8 },
    ]) {
      expect(() => turboPart(bytes, SMALL, part)).toThrow(RangeError);
    }
  });
});
