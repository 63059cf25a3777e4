import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSyntheticFolder } from '@tempered/data';
import { parse } from 'csv-parse/sync';
import { main } from './cli.js';

// ImageNet's way from photographs to its table: JPEG files in a folder for each class, decoded and cropped by worker threads, two steps
// of ResNet34 to ResNet18 at 224 pixels, and the rows of imagenet.csv. `nx run repro:imagenet-check -- --methods vanilla,kd,ctkd`.
const METHODS = ['--methods', 'vanilla,kd', '--ls', 'off'];

const folder = await mkdtemp(join(tmpdir(), 'tempered-imagenet-check-'));
try {
  const [photographs, out] = [join(folder, 'photographs'), join(folder, 'out')];
  await writeSyntheticFolder(photographs, { classes: 8, perClass: 3 });
  const where = ['--dataset', 'imagenet', '--data', photographs, '--out', out];
  const exitCode = await main(['repro', '--profile', 'smoke', ...METHODS, ...where, ...process.argv.slice(2)]);
  if (exitCode !== 0) throw new Error(`the run ended with ${exitCode}`);
  const text = await readFile(join(out, 'tables', 'imagenet.csv'), 'utf8');
  const rows = parse(text, { columns: true }) as Record<string, string>[];
  const ran = rows.filter((row) => row.n !== '0');
  for (const row of ran) {
    const { teacher, student, cell, last_mean: last, top5_mean: top5, paper_top1: paper, train_images: images, comparable } = row;
    console.log(
      `${cell}, ${teacher} to ${student}: ${last} %, top-5 ${top5} % after ${images} photographs; paper ${paper}; comparable: ${comparable}`,
    );
    const percent = [last, top5].map(Number);
    if (last === '' || percent.some((value) => !(value >= 0 && value <= 100))) throw new Error(`${cell}: no accuracy in imagenet.csv`);
    if (row.dataset !== 'imagenet' || comparable !== 'no') throw new Error(`${cell}: imagenet.csv does not say what it was run on`);
  }
  if (ran.length === 0) throw new Error('imagenet.csv has no row of what was run');
  console.log(`${ran.length} of ${rows.length} rows of imagenet.csv come from JPEG files`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
