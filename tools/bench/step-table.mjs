// @ts-check
// Writes the tables of training steps in docs/speed.md out of the kept rows of `tempered bench-step`; --check only says whether they are up to date.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DOCS = join(ROOT, 'docs', 'speed.md');
const RECORDS = join(ROOT, 'packages', 'repro', 'records');
const [BEGIN, END] = ['<!-- steps -->', '<!-- end of steps -->'];

/**
 * @typedef {{ work: string, teacher: string | null, student: string | null, precision: string, ours_ms: number, torch: Record<string, number | null>,
 *   ratio_paper: number | null, ratio_fastest: number, spread: Record<string, number | null>, peak_mb: Record<string, number>, batch: number, threads: number,
 *   rounds: number, versions: Record<string, string>, cpu: string }} Row
 */

/** What the works are called, in the order of the docs: rows with the teacher's outputs at hand apart from rows with its forward pass. */
const WORKS = /** @type {const} */ ([
  ['student-step', 'A student’s step, its teacher’s logits at hand on both sides'],
  ['teacher-forward', 'The frozen teacher’s forward pass'],
  ['kd-step-full', 'A step with the teacher’s forward pass on both sides'],
  ['kd-step', 'A step with the teacher’s logits at hand here (a store has them), with its forward pass in PyTorch'],
  ['box', 'The whole machine: eight cells in lockstep with their teacher, milliseconds a cell’s step'],
]);

const ms = (/** @type {number | null | undefined} */ value) => (value === null || value === undefined ? '' : value.toFixed(1));
const ratio = (/** @type {number | null} */ value) => (value === null ? '' : value.toFixed(2));
const models = (/** @type {Row} */ { teacher, student }) => [teacher, student].filter((name) => name !== null).join(' → ');

/** One record's tables. @param {readonly Row[]} rows */
export function stepTables(rows) {
  const [first] = rows;
  if (!first) return [];
  const { cpu, threads, rounds, versions } = first;
  const lines = [
    '',
    `${cpu}, ${threads} cores; TensorFlow ${versions.tensorflow}, PyTorch ${versions.torch}, Node ${versions.node}; medians of ${rounds} rounds, milliseconds.`,
  ];
  for (const [work, title] of WORKS) {
    const own = rows.filter((row) => row.work === work);
    if (own.length === 0) continue;
    lines.push(
      '',
      `**${title}** (\`${work}\`)`,
      '',
      '| models | precision | batch | ours | NCHW f32 | NHWC f32 | NCHW bf16 | NHWC bf16 | vs paper | vs fastest | spread | MB ours / PyTorch |',
      '|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
      ...own.map((row) => {
        const forms = ['nchw-f32', 'nhwc-f32', 'nchw-bf16', 'nhwc-bf16'].map((form) => ms(row.torch[form]));
        const theirs = Object.entries(row.peak_mb).filter(([name]) => name !== 'ours');
        const memory = `${row.peak_mb.ours} / ${Math.min(...theirs.map(([, value]) => value))}`;
        const spread = `${Math.round(100 * Math.max(...Object.values(row.spread).map((share) => share ?? 0)))} %`;
        return `| ${[models(row), row.precision, row.batch, ms(row.ours_ms), ...forms, ratio(row.ratio_paper), ratio(row.ratio_fastest), spread, memory].join(' | ')} |`;
      }),
    );
  }
  return lines;
}

/** The text between the marks. */
export async function stepText(records = RECORDS) {
  /** @type {string[]} */
  const lines = [];
  for (const name of (await readdir(records)).filter((entry) => entry.includes('bench-step')).sort()) {
    const text = await readFile(join(records, name, 'rows.jsonl'), 'utf8');
    const rows = text
      .split('\n')
      .filter((line) => line.trim())
      .map((line) => /** @type {Row} */ (JSON.parse(line)));
    lines.push(...stepTables(rows), '', `([record](../packages/repro/records/${name}/README.md))`);
  }
  return lines.length === 0 ? '\nNothing has been recorded yet.\n' : `${lines.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await readFile(DOCS, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/speed.md has lost its marks ${BEGIN} and ${END}`);
  const next = `${text.slice(0, from + BEGIN.length)}\n${await stepText()}${text.slice(to)}`;
  if (next !== text && process.argv.includes('--check')) {
    console.error("docs/speed.md: its tables of steps are not those of the records; 'npx nx run tools:step-table' writes them");
    process.exitCode = 1;
  } else if (next !== text) await writeFile(DOCS, next);
}
