// Our times beside PyTorch's on this machine, one after the other: node bench/beside-torch.mjs [--only NAME] [--time MS] [--record]
// With --record they are kept in bench/results.json, beside what was measured there before in the same surroundings, and shown in
// docs/losses.md. PyTorch comes from TEMPERED_TORCH_PYTHON, else from the environment that tools/peer/venv.mjs makes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const kept = join(here, 'results.json');

/** What a command printed; ends the process when it failed. */
function printed(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
  return stdout.trim();
}

const record = process.argv.includes('--record');
const flags = process.argv.slice(2).filter((flag) => flag !== '--record');
const python =
  process.env.TEMPERED_TORCH_PYTHON ??
  printed(process.execPath, [join(here, '../../../tools/peer/venv.mjs')])
    .split('\n')
    .at(-1);
const folder = mkdtempSync(join(tmpdir(), 'kd-bench-'));
const file = join(folder, 'ours.json');
const ours = spawnSync(process.execPath, [join(here, 'run.mjs'), ...flags, '--json', file], { stdio: ['ignore', 'inherit', 'inherit'] });
if (ours.status !== 0) process.exit(ours.status ?? 1);
const mine = JSON.parse(readFileSync(file, 'utf8'));
rmSync(folder, { recursive: true });
const peer = JSON.parse(printed(python, [join(here, 'torch_losses.py'), ...flags, '--json']));

console.log('\n| loss (forward and backward, ms) | compiled | eager | PyTorch |\n|---|---|---|---|');
for (const { name, medianMs } of peer.rows) {
  const of = (mode) => mine.rows.find((row) => row.name === name && row.by === mode)?.medianMs.toFixed(3) ?? '-';
  console.log(`| ${name} | ${of('compiled')} | ${of('eager')} | ${medianMs.toFixed(3)} |`);
}
if (record) {
  const about = { ...mine.about, ...peer.about, date: new Date().toISOString().slice(0, 10) };
  const rows = [...mine.rows, ...peer.rows];
  const before = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : { about, rows: [] };
  const same = JSON.stringify(before.about) === JSON.stringify(about);
  const names = new Set(rows.map(({ name }) => name));
  const others = same ? before.rows.filter(({ name }) => !names.has(name)) : [];
  writeFileSync(kept, `${JSON.stringify({ about, rows: [...others, ...rows] }, null, 2)}\n`);
  printed(process.execPath, [join(here, 'table.mjs')]);
}
