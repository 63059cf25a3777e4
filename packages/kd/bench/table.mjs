// The table of docs/losses.md that shows bench/results.json: node bench/table.mjs writes it, with --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, '../../../docs/losses.md');
const START = '<!-- times: written by bench/table.mjs -->';
const END = '<!-- /times -->';

/** Three significant digits, without an exponent. */
const digits = (ms) => String(Number(ms.toPrecision(3)));

const cell = (row) => (row ? `${digits(row.medianMs)} (${Math.round(100 * row.spread)} %, ${row.n})` : '');

/** The kept results as Markdown. */
function table({ about, rows }) {
  const { device, tensorflow, node, threads, torch, torchThreads, date, note } = about;
  const of = (name, by) => rows.find((row) => row.name === name && row.by === by);
  const names = [...new Set(rows.map(({ name }) => name))];
  const lines = names.map((name) => {
    const [compiled, eager, peer] = ['compiled', 'eager', 'torch'].map((by) => of(name, by));
    const ratio = compiled && peer ? (peer.medianMs / compiled.medianMs).toFixed(2) : '';
    return `| ${name} | ${cell(compiled)} | ${cell(eager)} | ${cell(peer)} | ${ratio} |`
      .replaceAll('|  |', '| |')
      .replaceAll('|  |', '| |');
  });
  return [
    `Milliseconds, forward and backward: median (width of the middle half, number of calls); warm-up is untimed. ${device}, ${threads} threads,`,
    `TensorFlow ${tensorflow}, Node ${node}; PyTorch ${torch}, ${torchThreads} threads, eager; measured ${date}, one after the other.${note ? ` ${note}` : ''}`,
    '',
    '| loss and shapes | compiled | eager tfjs-node | PyTorch | PyTorch / compiled |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

const results = JSON.parse(readFileSync(join(here, 'results.json'), 'utf8'));
const text = readFileSync(page, 'utf8');
const [before, rest] = text.split(START);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`docs/losses.md has no place for the times: ${START} ... ${END}`);
const wanted = `${before}${START}\n\n${table(results)}\n\n${END}${after}`;
if (!process.argv.includes('--check')) writeFileSync(page, wanted);
else if (wanted !== text) {
  console.error('docs/losses.md does not show bench/results.json: node packages/kd/bench/table.mjs');
  process.exitCode = 1;
}
