import { Command, Option } from 'commander';
import type { RunAction } from './cli.js';
import { exitCodes, UserError } from './errors.js';
import type { Output } from './output.js';
import { paperLines } from './paper-lines.js';
import { type PaperTableName, paperTableNames } from './paper-tables.js';
import { paperTableCsv } from './paper-tables-csv.js';
import { paperTableMarkdown, paperTableText } from './paper-tables-text.js';
import { writeTables } from './repro.js';
import { readRuns, type StoredRun } from './run-folder.js';
import { arrangeTables, byTableOrder } from './table.js';
import { allCsv } from './table-csv.js';
import { markdownTable } from './table-markdown.js';
import { terminalTable } from './table-terminal.js';
import { fromRoot } from './workspace.js';

type Form = 'terminal' | 'markdown' | 'csv';

export const nothingThere = (out: string): UserError =>
  new UserError({ what: 'nothing was run there yet', where: `--out ${out}`, mend: "'tempered repro' runs the quick profile" });

/** `tempered table`: the tables of everything that lies in a folder of results, made anew. */
export function tableCommand(run: RunAction): Command {
  return new Command('table')
    .description('print the tables of what was run so far, and write them under tables/')
    .option('--out <folder>', 'where the results lie', 'out')
    .addOption(
      new Option('--table <name>', "one of the papers' tables, with every pair in it, run or not (default: what was run)").choices(
        paperTableNames,
      ),
    )
    .addOption(new Option('--form <form>', 'how').choices(['terminal', 'markdown', 'csv']).default('terminal'))
    .option('--json', 'one JSON record a cell on stdout')
    .action(async (words: { out: string; table?: PaperTableName; form: Form; json?: boolean }) => {
      await run(async ({ output }) => {
        const out = fromRoot(words.out);
        const runs = (await readRuns(out)).sort((a, b) => byTableOrder(a.cell, b.cell));
        if (words.table) return printPaperTable(words.table, runs, words.form, output);
        if (runs.length === 0) throw nothingThere(out);
        const csv = await writeTables(out);
        const tables = arrangeTables(runs);
        const forms: Record<Form, () => string> = {
          terminal: () => tables.map((table) => terminalTable(table, output.style, output.width)).join('\n\n'),
          markdown: () => tables.map(markdownTable).join('\n'),
          csv: () => allCsv(runs).trimEnd(),
        };
        if (!output.json) output.say(forms[words.form]());
        for (const { cell, summary } of runs) output.record({ kind: 'cell', cell: cell.id, label: cell.label, summary });
        output.record({ kind: 'table', csv });
        return exitCodes.done;
      });
    });
}

/** One of the papers' tables; there need be no runs. */
function printPaperTable(name: PaperTableName, runs: readonly StoredRun[], form: Form, output: Output): number {
  const lines = paperLines(name, runs);
  const forms: Record<Form, () => string> = {
    terminal: () => paperTableText(name, lines, output.style, output.width),
    markdown: () => paperTableMarkdown(name, lines).trimEnd(),
    csv: () => paperTableCsv(lines).trimEnd(),
  };
  if (!output.json) output.say(forms[form]());
  for (const { recipe, label, last, best, overKd, paper, difference, example, reasons, diverged } of lines) {
    const { teacher, student } = recipe;
    const run = example
      ? { dataset: example.images.dataset, epochs: example.recipe.epochs, trainImages: example.images.trainImages }
      : null;
    output.record({
      kind: 'row',
      table: name,
      teacher,
      student,
      label,
      last,
      best,
      overKd,
      diverged,
      paper,
      difference,
      run,
      notComparable: reasons,
    });
  }
  return exitCodes.done;
}
