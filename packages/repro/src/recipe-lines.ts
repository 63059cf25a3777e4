import type { Cell } from './cell.js';
import { lossWords, scheduleWords } from './recipe-words.js';
import { type Style, wrap } from './terminal.js';

/** Recipes that are worth printing before a run; `plan` prints any number, with the source of each. */
const MOST = 24;

/**
 * The recipes that are about to run, a line each: what each minimises, under the schedule that it shares with others. Where there are
 * too many for a glance, how many, and who prints them.
 */
export function recipeLines(cells: readonly Cell[], style: Style, width: number): string {
  const pairOf = ({ recipe }: Cell): string => (recipe.teacher ? `${recipe.teacher} → ${recipe.student}` : recipe.student);
  const pairs = new Set(cells.flatMap((cell) => (cell.recipe.teacher ? [pairOf(cell)] : [])));
  const schedules = new Map<string, Set<string>>();
  for (const cell of cells) {
    const schedule = scheduleWords(cell.recipe);
    const name = pairs.size > 1 ? `${cell.label} (${pairOf(cell)})` : cell.label;
    schedules.set(schedule, (schedules.get(schedule) ?? new Set()).add(`${style.bold(name)}: ${lossWords(cell.recipe)}`));
  }
  const count = [...schedules.values()].reduce((sum, losses) => sum + losses.size, 0);
  const [title, hanging] = [style.bold('Recipes'), '      '];
  if (count > MOST)
    return wrap(`${title}: ${count}; 'tempered plan' with the same options prints them, and each cell's config.json holds its own`, width);
  const lines = [...schedules].flatMap(([schedule, losses]) => [
    wrap(`  ${style.dim(schedule)}`, width, hanging),
    ...[...losses].map((loss) => wrap(`    ${loss}`, width, hanging)),
  ]);
  return [title, ...lines].join('\n');
}
