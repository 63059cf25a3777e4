import type { CellAnalysis, TeacherComparison } from '../analysis/cell-analysis.js';
import type { Table, TableRow } from '../table.js';
import { heatKey, heatMap } from './heat-map.js';
import { type Html, html } from './html.js';
import type { RecordedRun } from './metrics.js';
import { meanOf } from './number.js';
import { type Cloud, scatterChart, sharedRanges } from './scatter-chart.js';
import { sortableTable } from './sortable-table.js';

/** A row with the figures of its cells, by seed. */
interface Seen {
  label: string;
  tone: number;
  figures: readonly CellAnalysis[];
}

/** A row whose cells have a teacher to be compared with. */
interface Taught extends Seen {
  first: CellAnalysis & { teacher: TeacherComparison };
  teachers: readonly TeacherComparison[];
}

/** The colour of the teacher in every chart: none of the cells'. */
const TEACHER_TONE = 9;

/** The figures of the LS paper, for the students of a table: what of the teacher they took over, and what they were left free in. */
export function figuresSection({ rows }: Table, id: string): Html | null {
  const seen = rows.flatMap((row, tone): Seen[] => seenIn(row, tone));
  const taught = seen.flatMap((row): Taught[] => {
    const teachers = row.figures.flatMap(({ teacher }) => teacher ?? []);
    const first = row.figures.find(({ teacher }) => teacher);
    return first ? [{ ...row, teachers, first: first as Taught['first'] }] : [];
  });
  if (seen.length === 0) return null;
  const several = seen.some(({ figures }) => figures.length > 1);
  return html`<div id="${id}-figures"><h3>What the students took over</h3>
${several ? html`<p class="soft">Charts of a row with several seeds show the first of them.</p>` : null}
${taught.length > 0 ? [agreementTable(taught), logitCharts(taught, id), heatMaps(taught, id)] : null}
${planes(seen, taught[0]?.first.teacher ?? null, id)}</div>`;
}

function seenIn({ label, runs }: TableRow, tone: number): Seen[] {
  const figures = (runs as readonly RecordedRun[]).flatMap(({ analysis }) => analysis ?? []);
  return figures.length > 0 ? [{ label, tone, figures }] : [];
}

function agreementTable(taught: readonly Taught[]): Html {
  const figure = (values: readonly number[], digits: number) => ({ text: meanOf(values).toFixed(digits), value: meanOf(values) });
  const { images } = taught[0]!.first;
  return html`<p>Mean over seeds, on ${images.toLocaleString('en-US')} test images: how often student and teacher have the same first class, how far they rank
the classes alike (Kendall's τ-b, 1: the same order), how far the correlations between classes differ (figures 4 and 5 of the LS paper), and the expected
calibration error (15 bins) of the student; the teacher's is ${(100 * taught[0]!.first.teacher.ece).toFixed(1)} %.</p>
${sortableTable(
  ['cell', 'same first class %', 'ranking τ', 'correlations apart', 'calibration error %'],
  taught.map(({ label, teachers, figures }) => ({
    cells: [
      { text: label },
      figure(
        teachers.map(({ top1Agreement }) => 100 * top1Agreement),
        2,
      ),
      figure(
        teachers.map(({ kendallTau }) => kendallTau),
        4,
      ),
      figure(
        teachers.map(({ meanCorrelationDifference }) => meanCorrelationDifference),
        4,
      ),
      figure(
        figures.map(({ ece }) => 100 * ece),
        2,
      ),
    ],
  })),
)}`;
}

const average = (values: readonly number[]): string => meanOf(values).toFixed(2);

/** Figure 3 of the LS paper: mean and deviation of each image's logits. */
function logitCharts(taught: readonly Taught[], id: string): Html {
  const ranges = sharedRanges(taught.flatMap(({ first }) => [first.logits, first.teacher.logits]));
  const charts = taught.map(({ label, tone, first }, at) => {
    const clouds: Cloud[] = [
      { label: `teacher ${first.teacher.name}`, tone: TEACHER_TONE, ...first.teacher.logits },
      { label: 'student', tone, ...first.logits },
    ];
    return scatterChart({
      id: `${id}-l${at}`,
      title: label,
      description: `Student: mean ${average(first.logits.x)}, deviation ${average(first.logits.y)} on average; teacher: mean ${average(first.teacher.logits.x)}, deviation ${average(first.teacher.logits.y)}.`,
      xLabel: 'mean of the logits',
      yLabel: 'standard deviation',
      clouds,
      ...ranges,
    });
  });
  return html`<h4>Mean and deviation of the logits</h4>
<p class="soft">A point an image, of ${taught[0]!.first.logits.x.length} evenly spaced ones. Plain KD pulls the student's logits towards the teacher's mean and deviation; with standardization they are free.</p>
<div class="several">${charts}</div>`;
}

/** Figures 4 and 5: where student and teacher correlate the classes differently. */
function heatMaps(taught: readonly Taught[], id: string): Html {
  const all = taught.flatMap(({ first }) => [...first.teacher.correlationDifference.values]).sort((a, b) => a - b);
  const top = all[Math.floor(0.98 * (all.length - 1))] || 1;
  const maps = taught.map(({ label, first }, at) => {
    const { correlationDifference, meanCorrelationDifference, name } = first.teacher;
    return heatMap({
      id: `${id}-h${at}`,
      title: `${label}: ${meanCorrelationDifference.toFixed(4)} on average`,
      description: `Absolute difference between the class correlations of ${label} and of ${name}, ${meanCorrelationDifference.toFixed(4)} on average.`,
      ...correlationDifference,
      top,
    });
  });
  return html`<h4>Difference between the class correlations of student and teacher</h4>
<p class="soft">Row and column: classes in their order. Blank: the two classes go together as much in the student's logits as in the teacher's.</p>
${heatKey(top)}<div class="several">${maps}</div>`;
}

/** Features of a few classes in their principal plane, a chart a network. */
function planes(seen: readonly Seen[], teacher: TeacherComparison | null, id: string): Html {
  const networks = [
    ...(teacher ? [{ title: `teacher ${teacher.name}`, plane: teacher.features }] : []),
    ...seen.map(({ label, figures }) => ({ title: label, plane: figures[0]!.features })),
  ];
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const charts = networks.map(({ title, plane }, at) =>
    scatterChart({
      id: `${id}-p${at}`,
      title,
      description: `Images of ${plane.classes.join(', ')} in the two directions in which their features differ most; these hold ${percent(plane.explained[0])} and ${percent(plane.explained[1])} of the variance.`,
      xLabel: `first direction, ${percent(plane.explained[0])} of the variance`,
      yLabel: `second, ${percent(plane.explained[1])}`,
      clouds: plane.classes.map((label, tone) => ({
        label,
        tone,
        x: plane.x.filter((_, n) => plane.group[n] === tone),
        y: plane.y.filter((_, n) => plane.group[n] === tone),
      })),
    }),
  );
  return html`<h4>Features before the classifier, seen in their principal plane</h4>
<p class="soft">Test images of ${networks[0]!.plane.classes.length} classes, each network in its own plane.</p><div class="several">${charts}</div>`;
}
