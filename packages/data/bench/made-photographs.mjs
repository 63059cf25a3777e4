import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const INPUTS = fileURLToPath(new URL('../../../golden/images/inputs/', import.meta.url));
const PHOTOGRAPHS = ['photo0-420.jpg', 'photo1-rgb.png', 'photo2-icc.jpg'];

/**
 * JPEGs like ImageNet's: `width` x `height` and, a third of them, `height` x `width`, each another cut of a photograph of
 * golden/images enlarged, with the grain that enlarging takes away put back as noise. Returns the folder, which has one class.
 */
export async function makePhotographs(count, width, height) {
  const root = await mkdtemp(join(tmpdir(), 'tempered-photographs-'));
  await mkdir(join(root, 'class'));
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const [across, down] = i % 3 === 0 ? [height, width] : [width, height];
    const file = join(INPUTS, PHOTOGRAPHS[i % PHOTOGRAPHS.length]);
    const cut = { left: i % 40, top: (7 * i) % 30, width: 250 - (i % 17), height: 220 - (i % 23) };
    const noise = { width: across, height: down, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 12 } };
    const grain = await sharp({ create: noise }).png().toBuffer();
    const jpeg = await sharp(file)
      .extract(cut)
      .resize(across, down, { fit: 'fill' })
      .composite([{ input: grain, blend: 'soft-light' }])
      .removeAlpha()
      .jpeg({ quality: 96 })
      .toBuffer();
    bytes += jpeg.length;
    await writeFile(join(root, 'class', `${String(i).padStart(5, '0')}.jpg`), jpeg);
  }
  return {
    root,
    about: `${count} made-up JPEGs of ${width}x${height} and ${height}x${width}, ${Math.round(bytes / count / 1000)} kB each`,
  };
}
