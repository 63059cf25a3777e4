import { spread, type Table } from '../table.js';
import { formatDuration } from '../terminal.js';
import { type Html, html } from './html.js';
import type { RecordedRun } from './metrics.js';
import { sortableTable } from './sortable-table.js';

const NONE = { text: '-', value: '' } as const;

/** What the cells of a table cost: time, and how often the teacher's answer was on disk already. */
export function costSection({ rows }: Table): Html | null {
  const costs = rows.flatMap(({ label, runs }) => {
    const done = (runs as readonly RecordedRun[]).filter(({ summary }) => summary?.status === 'done');
    const seconds = spread(done.map(({ summary }) => summary!.seconds));
    if (!seconds) return [];
    const epochs = spread(done.map(({ summary }) => summary!.seconds / summary!.epochs))!;
    const steps = spread(
      done.map(
        ({ summary, cell }) => (1000 * summary!.seconds) / (summary!.epochs * Math.ceil(cell.images.trainImages / cell.recipe.batchSize)),
      ),
    )!;
    const asked = done.flatMap(({ summary }) => summary!.teacherRows ?? []);
    const [hits, misses] = (['hits', 'misses'] as const).map((kind) => asked.reduce((sum, rows) => sum + rows[kind], 0)) as [
      number,
      number,
    ];
    return [{ label, n: done.length, seconds, epochs, steps, hits, misses, asked: asked.length > 0 }];
  });
  if (costs.length === 0) return null;
  return html`<h3>Cost</h3>
<p class="soft">Seconds of a cell's own work (steps, evaluations), mean over its seeds; what cells of a group share (batches, teacher) is not in them.
Teacher look-ups: how many of its answers lay on disk already.</p>
${sortableTable(
  ['cell', 'seeds', 'time a cell', 's an epoch', 'ms a step', 'teacher look-ups', 'found on disk %'],
  costs.map(({ label, n, seconds, epochs, steps, hits, misses, asked }) => ({
    cells: [
      { text: label },
      { text: String(n) },
      { text: formatDuration(seconds.mean), value: seconds.mean },
      { text: epochs.mean.toFixed(1), value: epochs.mean },
      { text: steps.mean.toFixed(0), value: steps.mean },
      asked ? { text: (hits + misses).toLocaleString('en-US'), value: hits + misses } : NONE,
      asked && hits + misses > 0 ? { text: ((100 * hits) / (hits + misses)).toFixed(1), value: hits / (hits + misses) } : NONE,
    ],
  })),
)}`;
}
