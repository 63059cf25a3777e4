import type { ModelName } from '@tempered/models';
import { type Cell, type CellImages, createCell } from './cell.js';
import { usageError } from './errors.js';
import type { Profile } from './profile.js';
import { type Recipe, withEpochs } from './recipe.js';
import { curriculumName, labelFor, type MethodName, methods, recipeFor } from './recipes/index.js';
import type { Method } from './recipes/method.js';
import { type Setting, variantsOf } from './settings.js';

export interface Pair {
  teacher: ModelName;
  student: ModelName;
}

export type Switch = 'on' | 'off' | 'both';

/** What a run is to consist of, by name: pairs x methods x LS x curriculum x seeds. */
export interface Selection {
  pairs: readonly Pair[];
  methods: readonly MethodName[];
  ls: Switch;
  /** null: each method as it was published. */
  curriculum: Switch | null;
  seeds: readonly number[];
  /** Fields of recipes set from outside; a setting with several values is a grid. */
  settings?: readonly Setting[];
}

/** What is run when nothing is asked for: the eight cells of the quick profile. */
export const DEFAULT_METHODS: readonly MethodName[] = ['vanilla', 'kd', 'ctkd', 'dkd'];
export const DEFAULT_PAIRS: readonly Pair[] = [{ teacher: 'resnet56', student: 'resnet20' }];

/** Where no pair is named: the lightest of the papers' for a set of images. */
export const defaultPairs = (dataset?: string): readonly Pair[] =>
  dataset === 'imagenet' ? [{ teacher: 'ResNet34', student: 'ResNet18' }] : DEFAULT_PAIRS;

/** One method's cells for one pair, in the order of the table: without LS, the control, with LS; the curriculum after that. */
function requestsFor(
  name: MethodName,
  pair: Pair,
  dataset: string,
  { ls, curriculum }: Pick<Selection, 'ls' | 'curriculum'>,
): Parameters<typeof recipeFor>[1][] {
  const method: Method = methods[name];
  const base = { dataset, ...pair, standardize: false, curriculum: false };
  if (!method.matchesLogits) return [base];
  const learned = method.curriculum === undefined ? (curriculum === null ? [false] : flags(curriculum)) : [method.curriculum];
  return learned.flatMap((withCurriculum) =>
    flags(ls).flatMap((standardize) => {
      const request = { ...base, standardize, curriculum: withCurriculum };
      const control = method.control && ls === 'both' && !standardize && !withCurriculum;
      return control ? [request, { ...request, matched: true }] : [request];
    }),
  );
}

/** The switches of a pair: those asked for; of several pairs, in a profile that tries each setting once, all of them on the first. */
function switchesFor({ pairs, ls, curriculum }: Selection, profile: Profile, place: number): Pick<Selection, 'ls' | 'curriculum'> {
  if (!profile.settingsOnce || pairs.length === 1 || ls !== 'both' || curriculum !== null) return { ls, curriculum };
  return place === 0 ? { ls: 'both', curriculum: 'both' } : { ls: 'off', curriculum: null };
}

const flags = (choice: Switch): boolean[] => (choice === 'both' ? [false, true] : [choice === 'on']);

/**
 * The cells of a selection, each once, in the order of the table.
 *
 * Throws   UserError (usage) where methods and switches exclude each other, and for a setting that no recipe reads.
 */
export function selectCells(selection: Selection, profile: Profile, images: CellImages): Cell[] {
  const { settings = [] } = selection;
  const read = new Set<Setting>();
  const cells = new Map<string, Cell>();
  for (const seed of selection.seeds) {
    for (const [place, pair] of selection.pairs.entries()) {
      const switches = switchesFor(selection, profile, place);
      for (const name of selection.methods) {
        const fixed = (methods[name] as Method).curriculum;
        if (selection.curriculum === 'off' && fixed) continue;
        for (const request of requestsFor(name, pair, images.dataset, switches)) {
          const called = request.curriculum ? curriculumName(name) : name;
          const full = recipeFor(called, request);
          for (const { recipe, suffix, used } of variantsOf(shorten(full, profile), settings)) {
            for (const setting of used) read.add(setting);
            const label = `${labelFor(called, request, full)}${suffix}`;
            const cell = createCell({ label, recipe, seed, images, profile: profile.name, precision: profile.precision });
            if (!cells.has(cell.id)) cells.set(cell.id, cell);
          }
        }
      }
    }
  }
  if (cells.size === 0) {
    throw usageError({
      what: `methods ${selection.methods.join(', ')} leave no cell`,
      where: '--curriculum off',
      mend: "'ctkd' is KD with the curriculum on",
    });
  }
  const unread = settings.find((setting) => !read.has(setting));
  if (unread) throw usageError({ what: `no cell of this selection reads '${unread.field}'`, where: unread.where });
  return [...cells.values()];
}

/** A recipe at the profile's length and batch. */
function shorten(recipe: Recipe, { epochs, batchSize }: Profile): Recipe {
  const shortened = epochs === null ? recipe : withEpochs(recipe, epochs);
  if (batchSize === null || batchSize === recipe.batchSize) return shortened;
  return { ...shortened, batchSize, source: `${shortened.source}; batches of ${batchSize}, not ${recipe.batchSize}` };
}
