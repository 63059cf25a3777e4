import { count, datasetTitle, spread, type Table, type TableRow } from '../table.js';
import { authorsRuns } from './authors-curves.js';
import type { Html } from './html.js';
import { lineChart, type Series } from './line-chart.js';
import type { EpochMetrics, RecordedRun } from './metrics.js';

type Point = readonly [x: number, y: number];

/** Accuracy and temperature of a table's cells by epoch, and ours over the authors' own where they published a log. */
export function curveCharts(table: Table, id: string): Html[] {
  const charts: Html[] = [];
  const accuracy = table.rows.flatMap((row, tone) => seriesOf(row, tone, ({ top1 }) => top1));
  if (accuracy.length > 0) charts.push(byEpoch(`${id}-top1`, 'Test accuracy while training', 'top-1, % of the test images', accuracy));
  const beside = besideAuthors(table, `${id}-authors`);
  if (beside) charts.push(beside);
  const temperature = table.rows.flatMap((row, tone) =>
    row.runs[0]!.cell.recipe.curriculum ? seriesOf(row, tone, (epoch) => epoch.temperature) : [],
  );
  if (temperature.length > 0) charts.push(byEpoch(`${id}-t`, 'Learned temperature', 'temperature', temperature));
  return charts;
}

const said = ({ label, points }: Series): string =>
  `${label}: ${points[0]![1].toFixed(1)} at first, ${points.at(-1)![1].toFixed(1)} in the end`;

function byEpoch(id: string, title: string, yLabel: string, series: readonly Series[]): Html {
  return lineChart({ id, title, description: `${yLabel} by epoch. ${series.map(said).join('; ')}.`, xLabel: 'epoch', yLabel, series });
}

/** Ours and the authors' in one chart: by epoch where both are as long, else by the share of the schedule that is done. */
function besideAuthors({ rows }: Table, id: string): Html | null {
  const pairs = rows.flatMap((row, tone) => {
    const { recipe } = row.runs[0]!.cell;
    const [ours] = seriesOf(row, tone, ({ top1 }) => top1);
    const theirs = authorsRuns(recipe);
    return ours && theirs.length > 0 ? [{ ours, theirs, epochs: recipe.epochs, tone, label: row.label }] : [];
  });
  if (pairs.length === 0) return null;
  const whole = pairs.every(({ theirs, epochs }) => theirs.every((run) => run.epochs === epochs));
  const along = (points: readonly Point[], epochs: number): Point[] =>
    points.map(([epoch, y]) => [whole ? epoch : (100 * epoch) / epochs, y]);
  const series = pairs.flatMap(({ ours, theirs, epochs, tone, label }): Series[] => [
    ...theirs.map(
      (run, n): Series => ({
        label: `${label}, authors'${n > 0 ? ` ${n + 1}` : ''}`,
        tone,
        points: along(run.points, run.epochs),
        dashed: true,
      }),
    ),
    { ...ours, label: `${label}, ours`, points: along(ours.points, epochs) },
  ]);
  const { images } = rows[0]!.runs[0]!.cell;
  const lengths = (epochs: readonly number[]): string => [...new Set(epochs)].sort((a, b) => a - b).join(' and ');
  const longest = lengths(pairs.flatMap(({ theirs }) => theirs.map((run) => run.epochs)));
  const own = lengths(pairs.map(({ epochs }) => epochs));
  const scope = `ours: ${own} epochs on ${count(images.trainImages)} images of ${datasetTitle(images.dataset)}`;
  return lineChart({
    id,
    title: whole
      ? "Our curves over the authors' own"
      : `Our curves over the authors' own (dashed: ${longest} epochs on 50,000 images of CIFAR-100; ${scope})`,
    description: `Test accuracy. ${series.map(said).join('; ')}.`,
    xLabel: whole ? 'epoch' : '% of the schedule done',
    yLabel: 'top-1, % of the test images',
    series,
  });
}

/** A row's figure by epoch, the mean over its seeds. */
function seriesOf({ label, runs }: TableRow, tone: number, figure: (epoch: EpochMetrics) => number): Series[] {
  const byEpoch = new Map<number, number[]>();
  for (const { epochs } of runs as readonly RecordedRun[]) {
    for (const epoch of epochs)
      if (Number.isFinite(figure(epoch))) byEpoch.set(epoch.epoch, [...(byEpoch.get(epoch.epoch) ?? []), figure(epoch)]);
  }
  const points = [...byEpoch].sort(([a], [b]) => a - b).map(([epoch, values]): Point => [epoch, spread(values)!.mean]);
  return points.length > 0 ? [{ label, tone, points }] : [];
}
