import { type PaperLine, paperLines } from '../paper-lines.js';
import { paperTableNames, paperTableTitles } from '../paper-tables.js';
import type { StoredRun } from '../run-folder.js';
import { signed } from '../signed.js';
import { formatDifference, formatSpread } from '../table-terminal.js';
import { type Html, html } from './html.js';
import { sortableTable } from './sortable-table.js';

const NONE = { text: '-', value: '' } as const;

/** The papers' tables: every pair has its rows, run or not. */
export function paperSection(runs: readonly StoredRun[]): Html {
  const tables = paperTableNames.map((name) => ({ name, lines: paperLines(name, runs) }));
  return html`<section id="papers"><h2>The papers' tables, run or not</h2>
<p>Every pair of the papers with every cell that its table has. What was run under several conditions has a row for each; the last columns say whether it can
be compared with the printed number, and why not.</p>
${tables.map(({ name, lines }) => {
  const run = lines.filter(({ last }) => last !== null).length;
  return html`<details><summary>${paperTableTitles[name]}: ${lines.length} rows, ${run} of them run</summary>
${sortableTable(
  [
    'pair',
    'cell',
    'last %',
    'best %',
    'over KD',
    'seeds',
    'paper %',
    'minus paper',
    'epochs',
    'images',
    'comparable',
    'why not',
    "source of the paper's number",
  ],
  lines.map(rowOf),
)}</details>`;
})}</section>`;
}

function rowOf(line: PaperLine) {
  const { label, recipe, last, best, overKd, paper, difference, example, reasons, diverged } = line;
  return {
    strong: last !== null,
    cells: [
      { text: `${recipe.teacher} → ${recipe.student}` },
      { text: label },
      { text: formatSpread(last), value: last?.mean ?? '' },
      { text: formatSpread(best), value: best?.mean ?? '' },
      { text: formatDifference(overKd), value: overKd?.mean ?? '' },
      { text: `${last?.n ?? 0}${diverged > 0 ? `, ${diverged} diverged` : ''}`, value: last?.n ?? 0 },
      { text: paper.value === null ? 'none' : paper.value.toFixed(2), value: paper.value ?? '' },
      difference === null ? NONE : { text: signed(difference), value: difference },
      example
        ? { text: `${example.recipe.epochs} of ${recipe.epochs}`, value: example.recipe.epochs }
        : { text: `- of ${recipe.epochs}`, value: '' },
      example ? { text: example.images.trainImages.toLocaleString('en-US'), value: example.images.trainImages } : NONE,
      { text: example ? (reasons.length === 0 ? 'yes' : 'no') : '-' },
      { text: example ? reasons.join('; ') : 'not run', words: true },
      { text: paper.value === null ? paper.why : paper.source, words: true },
    ],
  };
}
