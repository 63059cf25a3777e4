import { incomparabilities, type PaperNumber, paperNumber } from './paper.js';
import { fillPaperTable, type PaperRow, type PaperTableName } from './paper-tables.js';
import type { StoredRun } from './run-folder.js';

/** A row of a table of the papers with what they print for it, and how far ours can be set beside that. Units: percent, points. */
export interface PaperLine extends PaperRow {
  paper: PaperNumber;
  /** The printed top-5; null where there is none. */
  paperTop5: number | null;
  /** Mean of our last accuracies minus the paper's number. */
  difference: number | null;
  /** Why it cannot be compared; empty where it can, or where nothing was run. */
  reasons: readonly string[];
}

/** The rows of a table of the papers, every pair's, run or not. */
export const paperLines = (table: PaperTableName, runs: readonly StoredRun[]): PaperLine[] => fillPaperTable(table, runs).map(lineOf);

function lineOf(row: PaperRow): PaperLine {
  // A student alone has one published number, whoever would teach it.
  const recipe = row.recipe.method === 'vanilla' ? { ...row.recipe, teacher: null } : row.recipe;
  const paper = paperNumber(recipe);
  return {
    ...row,
    paper,
    paperTop5: paperNumber(recipe, 'top5').value,
    difference: paper.value === null || !row.last ? null : row.last.mean - paper.value,
    reasons: row.example ? incomparabilities(row.example) : [],
  };
}
