import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { jpegFrame } from './jpeg-frame.js';

const INPUTS = new URL('../../../golden/images/inputs/', import.meta.url);
const files = readdirSync(INPUTS).filter((name) => name.endsWith('.jpg'));

test('the header says what the decoder says of each JPEG', async () => {
  let compared = 0;
  for (const name of files) {
    const bytes = readFileSync(new URL(name, INPUTS));
    if (bytes.length === 0) continue;
    const told = await sharp(bytes)
      .metadata()
      .catch(() => undefined);
    if (told?.format !== 'jpeg') continue;
    expect(jpegFrame(bytes), name).toEqual({ width: told.width, height: told.height, components: told.channels });
    compared++;
  }
  expect(compared).toBeGreaterThan(3);
});

test('a header that is cut off, another file, and a frame of 12 bits are left to the decoder', async () => {
  const bytes = await sharp({ create: { width: 9, height: 5, channels: 3, background: '#123456' } })
    .jpeg()
    .toBuffer();
  expect(jpegFrame(bytes)).toEqual({ width: 9, height: 5, components: 3 });
  const at = bytes.indexOf(Buffer.of(0xff, 0xc0));
  expect(at).toBeGreaterThan(0);
  for (let length = 0; length < at + 10; length++) expect(jpegFrame(bytes.subarray(0, length))).toBeUndefined();
  expect(jpegFrame(Buffer.from('\x89PNG\r\n\x1a\n and more of it', 'latin1'))).toBeUndefined();
  const deep = Buffer.from(bytes);
  deep[at + 4] = 12;
  expect(jpegFrame(deep)).toBeUndefined();
});
