import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import type { Cell } from './cell.js';
import { usageError } from './errors.js';
import type { TeacherCache } from './teacher-store.js';
import { fromRoot } from './workspace.js';

/** The options about the store of teachers' outputs, unread. */
export interface TeacherCacheWords {
  teacherCache?: string;
  teacherCacheSize?: string;
  teacherCachePrecision?: string;
}

/** Enough for the logits of two teachers over all of CIFAR-100. */
const MOST_BYTES = 8e9;
/** Of what is free on a disk, the store takes no more than this share. */
const SHARE_OF_FREE = 0.5;
/** Variants of a picture: the VARIANTS of @tempered/data, which is too much to load for a plan. */
export const VIEWS = 162;
const UNITS = { kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 } as const;

/** Reads `--teacher-cache on|off|FOLDER` and what goes with it; null where nothing is to be kept. */
export function readTeacherCache(words: TeacherCacheWords, out: string): TeacherCache | null {
  const { teacherCache: where = 'on', teacherCacheSize: size, teacherCachePrecision: precision = 'f32' } = words;
  const mostBytes = size === undefined ? MOST_BYTES : parseBytes('--teacher-cache-size', size);
  if (where === 'off') return null;
  const folder = where === 'on' ? join(out, 'teacher-outputs') : fromRoot(where);
  return { folder, mostBytes, precision: precision === 'f16' ? 'float16' : 'float32' };
}

/** The options that say the same again, for a command that works on the same results. */
export function teacherCacheWords(cache: TeacherCache | null): string[] {
  if (!cache) return ['--teacher-cache', 'off'];
  const { folder, mostBytes, precision } = cache;
  const size = `${Math.floor(mostBytes / UNITS.kb)}KB`;
  return ['--teacher-cache', folder, '--teacher-cache-size', size, '--teacher-cache-precision', precision === 'float16' ? 'f16' : 'f32'];
}

/** The options about the store, for a command. */
export const teacherCacheOptions = (): Option[] => [
  new Option('--teacher-cache <where>', "what teachers say is kept for other cells: 'on' (in the results), 'off', or a folder").default(
    'on',
  ),
  new Option('--teacher-cache-size <size>', 'most that it may take, and never more than half of what is free').default('8GB'),
  new Option('--teacher-cache-precision <name>', 'f16 takes half the space and rounds what teachers say')
    .choices(['f32', 'f16'])
    .default('f32'),
];

/** Reads '500MB', '8 GB'. */
export function parseBytes(option: string, text: string): number {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]b)\s*$/i.exec(text) ?? [];
  if (number && unit) return Math.round(Number(number) * UNITS[unit.toLowerCase() as keyof typeof UNITS]);
  throw usageError({ what: `'${text}' is not a size`, where: option, mend: "write a number and KB, MB, GB or TB: '8GB'" });
}

/** The store as it may grow here: never beyond half of what is free. */
export async function withinDisk(cache: TeacherCache): Promise<TeacherCache> {
  const { bavail, bsize } = await freeBelow(cache.folder);
  return { ...cache, mostBytes: Math.min(cache.mostBytes, Math.floor(SHARE_OF_FREE * bavail * bsize)) };
}

/** The disk that a folder, which may not be there yet, will lie on. */
async function freeBelow(folder: string): Promise<{ bavail: number; bsize: number }> {
  try {
    return await statfs(folder);
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return await freeBelow(dirname(folder));
  }
}

/**
 * How many different (picture, variant) a training sees: each of the N pictures in one of V = 162 variants an epoch, drawn evenly, so
 * N V (1 - (1 - 1/V)^epochs) are expected, out of N epochs that are asked for.
 */
export const distinctViews = (pictures: number, epochs: number): number => pictures * VIEWS * (1 - (1 - 1 / VIEWS) ** epochs);

/** Losses that look at logits alone; others may have the teacher's pooled features kept too. */
const LOGITS_ALONE = new Set([null, 'dkd', 'mlkd']);

/** About how many bytes the outputs of the cells' teachers will take, the budget left aside. */
export function expectedBytes(cells: readonly Cell[], classes: number, { precision }: Pick<TeacherCache, 'precision'>): number {
  const bytesPerValue = precision === 'float16' ? 2 : 4;
  const taught = cells.filter(({ recipe }) => recipe.teacher);
  const teachers = [...new Set(taught.map(({ recipe }) => recipe.teacher))];
  return teachers.reduce((sum, teacher) => {
    const under = taught.filter(({ recipe }) => recipe.teacher === teacher);
    const seeds = [...new Set(under.map(({ seed }) => seed))];
    const epochs = seeds.reduce(
      (all, seed) => all + Math.max(...under.filter((cell) => cell.seed === seed).map((cell) => cell.recipe.epochs)),
      0,
    );
    const rows = under.some(({ recipe }) => !LOGITS_ALONE.has(recipe.loss)) ? 2 : 1;
    return sum + distinctViews(under[0]!.images.trainImages, epochs) * rows * (classes * bytesPerValue + 8);
  }, 0);
}
