import { recipeWords } from '../recipe-words.js';
import { byTableOrder } from '../table.js';
import { formatDuration } from '../terminal.js';
import { type Html, html } from './html.js';
import type { RecordedRun } from './metrics.js';
import { sortableTable } from './sortable-table.js';

/** Where every number comes from: each cell's recipe, images, engine, teacher and time. */
export function cellsSection(runs: readonly RecordedRun[]): Html {
  const rows = [...runs]
    .sort((a, b) => byTableOrder(a.cell, b.cell))
    .map(({ cell, summary }) => {
      const teacher = summary?.teacher
        ? `${summary.teacher.name}, ${summary.teacher.top1.toFixed(2)} %, sha256 ${summary.teacher.sha256.slice(0, 12)}`
        : '-';
      return {
        cells: [
          { text: cell.label },
          { text: String(cell.seed) },
          { text: summary?.status ?? 'not finished' },
          { text: summary ? formatDuration(summary.seconds) : '-', value: summary?.seconds ?? '' },
          { text: recipeWords(cell.recipe), words: true },
          { text: cell.recipe.source, words: true },
          { text: teacher, words: true },
          { text: `${cell.images.dataset} from ${cell.images.source}, fingerprint ${cell.images.fingerprint}`, words: true },
          { text: summary?.engine ?? '-', words: true },
          { text: cell.id, words: true },
        ],
      };
    });
  return html`<section id="sources"><h2>Where the numbers come from</h2><details><summary>Recipe, images, engine and teacher of each of ${rows.length} cells</summary>
${sortableTable(['cell', 'seed', 'status', 'time', 'recipe', 'whose settings', 'teacher', 'images', 'engine', 'folder under runs/'], rows)}</details>
${recipesOf(runs)}</section>`;
}

/** config.json of every cell, as it stands in its folder. */
function recipesOf(runs: readonly RecordedRun[]): Html {
  const configs = runs.map(
    ({ cell, about }) => html`<details><summary>${cell.id}</summary><pre>${JSON.stringify({ ...about, cell }, null, 2)}</pre></details>`,
  );
  return html`<details><summary>The resolved recipe of each cell, with engine, threads and versions</summary>${configs}</details>`;
}
