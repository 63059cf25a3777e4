import { Command } from 'commander';
import { makeFigures } from './analysis/make-figures.js';
import type { RunAction } from './cli.js';
import { nothingThere } from './cli-table.js';
import { exitCodes } from './errors.js';
import { writeReport } from './report.js';
import { readRuns } from './run-folder.js';
import { fromRoot } from './workspace.js';

interface ReportWords {
  out: string;
  data?: string;
  figures: boolean;
}

/** `tempered report`: the tables with curves, figures and sources, as a page. */
export function reportCommand(run: RunAction): Command {
  return new Command('report')
    .description('write report.html: tables, curves, figures of the trained students, costs and sources of what was run so far')
    .option('--out <folder>', 'where the results lie', 'out')
    .option('--data <folder>', 'where the test images lie, for the figures (default: TEMPERED_DATA, else the cache, else fetched)')
    .option('--no-figures', 'leave out what needs the students and the test images; figures made before are kept')
    .option('--json', 'one JSON record on stdout')
    .action(async (words: ReportWords) => {
      await run(async (surroundings) => {
        const out = fromRoot(words.out);
        if ((await readRuns(out)).length === 0) throw nothingThere(out);
        const data = words.data === undefined ? undefined : fromRoot(words.data);
        const figures = words.figures ? await makeFigures(out, { data }, surroundings) : 0;
        const report = await writeReport(out);
        surroundings.output.say(report);
        surroundings.output.record({ kind: 'report', report, figures });
        return exitCodes.done;
      });
    });
}
