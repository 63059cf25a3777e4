import type { Provenance } from '../provenance.js';
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
    .map(({ cell, summary, about }) => {
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
          { text: codeWords(about), words: true },
          { text: cell.id, words: true },
        ],
      };
    });
  return html`<section id="sources"><h2>Where the numbers come from</h2>
<p>${madeBy(runs)}</p>
<details><summary>Recipe, images, engine and teacher of each of ${rows.length} cells</summary>
${sortableTable(['cell', 'seed', 'status', 'time', 'recipe', 'whose settings', 'teacher', 'images', 'engine', 'code', 'folder under runs/'], rows)}</details>
${recipesOf(runs)}</section>`;
}

/** What config.json says of the code that trained a cell: 'commit 1a2b3c4d5e6f, tempered 0.1.0, tfjs 4.22.0, node 20.20.2'. */
export function codeWords(about: RecordedRun['about']): string {
  const { versions, commit } = (about ?? {}) as Partial<Provenance>;
  if (!versions) return '-';
  const words = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  if (!commit) return words.join(', ');
  const changed = commit.endsWith('-dirty') ? ' with changes' : '';
  return [`commit ${commit.replace(/-dirty$/, '').slice(0, 12)}${changed}`, ...words].join(', ');
}

/** Code and engines of all cells, each once. */
function madeBy(runs: readonly RecordedRun[]): string {
  const each = (words: readonly (string | undefined)[]): string[] => [...new Set(words.filter((word) => word && word !== '-'))] as string[];
  const code = each(runs.map(({ about }) => codeWords(about)));
  const engines = each(runs.map(({ summary }) => summary?.engine));
  if (code.length + engines.length === 0) return 'No cell has been started.';
  return [
    ...(code.length > 0 ? [`Code: ${code.join('; ')}.`] : []),
    ...(engines.length > 0 ? [`Engine: ${engines.join('; ')}.`] : []),
  ].join(' ');
}

/** config.json of every cell, as it stands in its folder. */
function recipesOf(runs: readonly RecordedRun[]): Html {
  const configs = runs.map(
    ({ cell, about }) => html`<details><summary>${cell.id}</summary><pre>${JSON.stringify({ ...about, cell }, null, 2)}</pre></details>`,
  );
  return html`<details><summary>The resolved recipe of each cell, with engine, threads and versions</summary>${configs}</details>`;
}
