import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cropDraws } from './crop-draws.js';
import type { DecodeOptions } from './decode.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { makeView, type ViewRequest } from './view-request.js';

const PHOTOGRAPH = fileURLToPath(new URL('../../../golden/images/inputs/photo1-rgb.png', import.meta.url));
const EVALUATE: ViewRequest = { kind: 'evaluate', size: 56, resize: 64 };
const train = (i: number): ViewRequest => ({ kind: 'train', size: 56, draws: cropDraws(7, 1, i) });

async function picture(width: number, height: number, format: 'jpeg' | 'png'): Promise<{ file: string }> {
  const file = join(await temporaryFolder(), `picture.${format}`);
  const pipeline = sharp(PHOTOGRAPH).resize(width, height, { fit: 'fill' }).removeAlpha();
  await writeFile(file, await (format === 'jpeg' ? pipeline.jpeg({ quality: 95 }) : pipeline.png()).toBuffer());
  return { file };
}

/** Greatest and mean difference of the fast view from the exact one, in levels. */
async function difference(
  source: { file: string },
  request: ViewRequest,
  options?: DecodeOptions,
): Promise<{ most: number; mean: number }> {
  const [exact, fast] = [await makeView(source, request, 'exact', options), await makeView(source, request, 'fast', options)];
  expect([fast.width, fast.height]).toEqual([exact.width, exact.height]);
  const apart = Array.from(exact.data, (v, i) => Math.abs(v - fast.data[i]!));
  return { most: Math.max(...apart), mean: apart.reduce((a, b) => a + b, 0) / apart.length };
}

describe('the fast view', () => {
  test.each(['jpeg', 'png'] as const)('of a small %s is the exact one', async (format) => {
    const source = await picture(120, 90, format);
    for (const request of [EVALUATE, train(0), train(1)]) expect(await difference(source, request)).toEqual({ most: 0, mean: 0 });
  });

  test('of a large PNG is the exact one', async () => {
    expect(await difference(await picture(601, 403, 'png'), EVALUATE)).toEqual({ most: 0, mean: 0 });
  });

  test.each([
    [600, 400],
    [601, 403],
    [333, 517],
    [1201, 805],
  ])('of a JPEG of %i x %i is near the exact one, and another', async (width, height) => {
    const source = await picture(width, height, 'jpeg');
    const shrunk: number[] = [];
    for (const request of [EVALUATE, ...Array.from({ length: 12 }, (_, i) => train(i))]) {
      for (const sharpOnly of [false, true]) {
        const { most, mean } = await difference(source, request, { sharpOnly });
        expect(most).toBeLessThan(40);
        expect(mean).toBeLessThan(3);
        if (mean > 0) shrunk.push(mean);
      }
    }
    expect(shrunk.length).toBeGreaterThan(3);
  });
});
