import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodePicture, decodeView } from './decode.js';
import { cut } from './picture.js';
import type { View } from './resample.js';

const noise = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
const png = (): Promise<Buffer> =>
  sharp(noise, { raw: { width: 40, height: 30, channels: 3 } })
    .png()
    .toBuffer();
const jpeg = (): Promise<Buffer> =>
  sharp(noise, { raw: { width: 40, height: 30, channels: 3 } })
    .jpeg()
    .toBuffer();

describe('decoding', () => {
  test('gives back the pixels of a PNG', async () => {
    expect(await decodePicture(await png(), 'x.png')).toEqual({ width: 40, height: 30, data: Buffer.from(noise) });
  });

  test('gives the same bytes of a JPEG with sharp alone', async () => {
    const bytes = await jpeg();
    const [{ data }, alone] = [await decodePicture(bytes, 'x'), await decodePicture(bytes, 'x', { sharpOnly: true })];
    expect(Buffer.compare(data, alone.data)).toBe(0);
  });

  test('goes by the bytes, not by the name', async () => {
    expect((await decodePicture(await jpeg(), 'n02105855_2933.png')).width).toBe(40);
  });

  test.each([
    ['nothing', Buffer.alloc(0), /it is empty/],
    ['text', Buffer.from('not a picture'), /neither JPEG nor PNG/],
    ['another format', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /neither JPEG nor PNG/],
  ])('%s is no image, and the file is named', async (_, bytes, message) => {
    await expect(decodePicture(bytes, 'a/b.jpg')).rejects.toMatchObject({
      code: 'not-an-image',
      where: 'a/b.jpg',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['JPEG', jpeg],
    ['PNG', png],
  ])('a %s cut off anywhere is a named error, and decodes where that is allowed', async (_, make) => {
    const whole = await make();
    for (const share of [0.5, 0.8, 0.95]) {
      const part = whole.subarray(0, Math.floor(share * whole.length));
      await expect(decodePicture(part, 'cut')).rejects.toMatchObject({ code: 'image-truncated', where: 'cut' });
      expect(await decodePicture(part, 'cut', { allowTruncated: true })).toMatchObject({ width: 40, height: 30 });
    }
  });

  test('a picture that claims far too many pixels is refused before they are made', async () => {
    const huge = Buffer.from(await png());
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    await expect(decodePicture(huge, 'huge')).rejects.toMatchObject({ name: 'DataError', where: 'huge' });
    await expect(decodePicture(await png(), 'small', { mostPixels: 100 })).rejects.toMatchObject({ code: 'image-too-large' });
  });

  test('flipped bytes are a named error or a picture, never anything else', async () => {
    for (const make of [png, jpeg]) {
      const whole = await make();
      for (let at = 20; at < whole.length; at += 97) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 0x55;
        const outcome = await decodePicture(bytes, 'flipped').catch((error: unknown) => error);
        expect(outcome instanceof Error ? outcome.name : (outcome as { data: Uint8Array }).data.length % 3).toSatisfy(
          (seen: unknown) => seen === 'DataError' || seen === 0,
        );
      }
    }
  });
});

describe('a view of a part', () => {
  const needs = { left: 7, top: 3, width: 21, height: 9 };
  const part = (): View => ({ ...needs, needs, make: (picture) => picture });

  test.each([
    ['JPEG', jpeg],
    ['PNG', png],
  ])('of a %s has the pixels of the whole', async (_, make) => {
    const bytes = await make();
    const whole = cut(await decodePicture(bytes, 'whole'), needs);
    for (const options of [{}, { whole: true }, { sharpOnly: true }]) {
      const { width, height, data } = await decodeView(bytes, 'part', part, options);
      expect({ width, height, data: Uint8Array.from(data) }).toEqual(whole);
    }
  });

  test.each([false, true])(
    'does not hide that a file is cut off, and other damage below it only where the whole is not asked for (sharp alone: %s)',
    async (sharpOnly) => {
      const bytes = await jpeg();
      await expect(decodeView(bytes.subarray(0, bytes.length - 30), 'cut', part, { sharpOnly })).rejects.toMatchObject({
        code: 'image-truncated',
      });
      const short = Buffer.concat([bytes.subarray(0, bytes.length - 200), bytes.subarray(bytes.length - 2)]);
      expect(await decodeView(short, 'short', part, { sharpOnly })).toMatchObject({ width: 21, height: 9 });
      await expect(decodeView(short, 'short', part, { whole: true, sharpOnly })).rejects.toMatchObject({
        code: 'file-corrupt',
        where: 'short',
      });
    },
  );
});
