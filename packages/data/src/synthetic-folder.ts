import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { syntheticImages } from './synthetic.js';

export interface SyntheticFolderOptions {
  classes?: number;
  /** Pictures of each class and split. */
  perClass?: number;
  seed?: number;
}

/** Sides of the files; views of 224 are cut out of them like those of any photograph. */
const [WIDTH, HEIGHT] = [96, 80];

/** Made-up photographs in ImageNet's layout, to try its recipes on: `train/CLASS/*.jpeg` and `val/CLASS/*.jpeg`. */
export async function writeSyntheticFolder(
  folder: string,
  { classes = 1000, perClass = 1, seed = 0 }: SyntheticFolderOptions = {},
): Promise<void> {
  const { train, test } = syntheticImages({ seed, classes, trainPerClass: perClass, testPerClass: perClass });
  for (const [split, pictures] of Object.entries({ train, val: test })) {
    for (let i = 0; i < pictures.length; i++) {
      const place = join(folder, split, `class_${String(pictures.label(i)).padStart(4, '0')}`);
      await mkdir(place, { recursive: true });
      const raw = { width: pictures.width, height: pictures.height, channels: 3 } as const;
      await sharp(pictures.image(i), { raw })
        .resize(WIDTH, HEIGHT, { fit: 'fill' })
        .jpeg()
        .toFile(join(place, `${i}.jpeg`));
    }
  }
}
