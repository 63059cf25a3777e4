import { readFileSync } from 'node:fs';
import type { DatasetName } from '@tempered/data';
import type { Precision, ProfileName } from './cell.js';
import { didYouMean } from './did-you-mean.js';
import { messageOf, usageError } from './errors.js';
import { FULL_SETS } from './paper.js';
import { precisionHere } from './precision.js';
import { type Profile, profiles } from './profile.js';
import { DEFAULT_METHODS, defaultPairs, type Selection, type Switch } from './selection.js';
import { parseMethods, parsePairs, parseSeeds } from './selection-words.js';
import { parseSetting, parseSettingsFile, type Setting } from './settings.js';
import { readTeacherCache, type TeacherCacheWords } from './teacher-cache.js';
import type { TeacherCache } from './teacher-store.js';
import { fromRoot } from './workspace.js';

/** The options of `tempered repro` as commander hands them over: words, unread. */
export interface ReproWords extends TeacherCacheWords {
  dataset?: string;
  pairs?: string;
  methods?: string;
  ls?: Switch;
  curriculum?: Switch;
  profile?: ProfileName;
  epochs?: string;
  seeds?: string;
  precision?: Precision;
  dataFraction?: string;
  set?: string[];
  grid?: string[];
  settings?: string;
  data?: string;
  out?: string;
  jobs?: string;
  group?: string;
  saveEvery?: string;
  fresh?: boolean;
  json?: boolean;
}

/** What is to be run, read and checked, before anything is looked up. */
export interface ReproRequest {
  dataset: ImagesName | null;
  data: string | undefined;
  selection: Selection;
  profile: Profile;
  out: string;
  /** Groups at a time; null: as the machine bears. */
  jobs: number | null;
  /** Cells of a group at most; null: as many as gain by it. */
  group: number | null;
  saveEveryMs: number | undefined;
  /** How long steps may be timed before the plan. Units: milliseconds. */
  timingBudget: number;
  fresh: boolean;
  /** Where teachers' outputs are kept; null: nowhere. */
  teacherCache: TeacherCache | null;
}

/** Before a run. A plan may take longer, since it does nothing else. */
const TIMING_BUDGET_MS = 15_000;

/** Sets of images by name; ImageNet is a folder of photographs. */
export type ImagesName = DatasetName | 'imagenet';

export const DATASETS: readonly ImagesName[] = ['cifar100', 'cifar10', 'synthetic', 'imagenet'];

/** Reads the options. Throws a UserError (usage) that names option, mistake and mend. */
export function readReproWords(words: ReproWords): ReproRequest {
  const profile: Profile = profiles[words.profile ?? 'quick'];
  const out = fromRoot(words.out ?? 'out');
  return {
    dataset: words.dataset === undefined ? null : parseDataset(words.dataset),
    data: words.data === undefined ? undefined : fromRoot(words.data),
    selection: {
      pairs: words.pairs === undefined ? defaultPairs(words.dataset) : parsePairs(words.pairs, words.dataset),
      methods: words.methods === undefined ? DEFAULT_METHODS : parseMethods(words.methods),
      ls: words.ls ?? 'both',
      curriculum: words.curriculum ?? null,
      seeds: words.seeds === undefined ? profile.seeds : parseSeeds(words.seeds),
      settings: readSettings(words),
    },
    profile: {
      ...profile,
      epochs: words.epochs === undefined ? profile.epochs : parseCount('--epochs', words.epochs),
      precision: words.precision ?? precisionHere(profile.precision),
      trainImages: words.dataFraction === undefined ? profile.trainImages : parseFraction(words.dataFraction, words.dataset),
    },
    out,
    jobs: words.jobs === undefined ? null : parseCount('--jobs', words.jobs),
    group: words.group === undefined ? null : parseCount('--group', words.group),
    saveEveryMs: words.saveEvery === undefined ? undefined : 1000 * parseSeconds('--save-every', words.saveEvery),
    timingBudget: TIMING_BUDGET_MS,
    fresh: words.fresh ?? false,
    teacherCache: readTeacherCache(words, out),
  };
}

/** What file, `--set` and `--grid` say; the command line has the last word on a field. */
function readSettings(words: ReproWords): Setting[] {
  const settings = new Map<string, Setting>();
  const path = words.settings === undefined ? undefined : fromRoot(words.settings);
  for (const setting of path === undefined ? [] : parseSettingsFile(readText(path), path)) settings.set(setting.field, setting);
  for (const where of ['--set', '--grid'] as const) {
    for (const text of (where === '--set' ? words.set : words.grid) ?? []) {
      const setting = parseSetting(text, where);
      const earlier = settings.get(setting.field);
      if (earlier?.where.startsWith('--'))
        throw usageError({ what: `'${setting.field}' is set twice`, where: `${earlier.where} and ${where}` });
      settings.set(setting.field, setting);
    }
  }
  return [...settings.values()];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usageError({ what: messageOf(error), where: '--settings' });
  }
}

/** Reads a share of the training set as a number of images; null: all of them. */
function parseFraction(text: string, dataset = 'cifar100'): number | null {
  const fraction = Number(text);
  if (!(fraction > 0 && fraction <= 1)) throw usageError({ what: `'${text}' is not above 0 and at most 1`, where: '--data-fraction' });
  const [all] = FULL_SETS[dataset] ?? FULL_SETS.cifar100!;
  return fraction === 1 ? null : Math.max(1, Math.round(all * fraction));
}

/** Reads the name of a set of images. */
export function parseDataset(text: string): ImagesName {
  const name = DATASETS.find((known) => known === text.toLowerCase().replaceAll('-', ''));
  if (name) return name;
  throw usageError({ what: `unknown images '${text}'`, where: '--dataset', mend: didYouMean(text, DATASETS) });
}

/** Reads a whole number above 0. */
export function parseCount(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && /^\d+$/.test(text.trim())) return value;
  throw usageError({ what: `'${text}' is not a whole number above 0`, where: option });
}

/** Reads a number of seconds above 0. */
export function parseSeconds(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw usageError({ what: `'${text}' is not a number of seconds above 0`, where: option });
}
