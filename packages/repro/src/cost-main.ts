import { readFileSync, writeFileSync } from 'node:fs';
import type { BenchResult } from './bench-step.js';
import { costTables, replaceMarked } from './sweep-cost-table.js';
import { fromRoot } from './workspace.js';

// node dist/cost-main.js ROWS.jsonl [DOCUMENT]: hours of the paper's sweep from the lines of `tempered bench-step`, printed, or
// written into a document between its marks.
const [rowsFile, document] = process.argv.slice(2).map(fromRoot);
if (!rowsFile) {
  console.error("name the file with the lines of 'tempered bench-step'");
  process.exitCode = 2;
} else {
  const rows = readFileSync(rowsFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as BenchResult & { cpu?: string });
  const [first] = rows;
  const about = `Out of \`${process.argv[2]}\`: ${first?.cpu ?? 'processor unknown'}, ${Object.entries(first?.versions ?? {})
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}. A * marks rows in which a network's time is scaled from another's by multiply-accumulates.`;
  const text = `${about}\n\n${costTables(rows)}`;
  if (document) writeFileSync(document, replaceMarked(readFileSync(document, 'utf8'), text));
  else console.log(text);
}
