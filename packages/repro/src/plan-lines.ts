import type { Basis } from './estimate.js';
import { isLeft, type Plan } from './plan.js';
import { profiles } from './profile.js';
import { count, datasetTitle } from './table.js';
import { formatBytes, formatDuration, type Style, wrap } from './terminal.js';

const unique = (items: readonly string[]): string[] => [...new Set(items)];

const BASIS: Readonly<Record<Basis, string>> = {
  measured: 'from what cells like these took here',
  timed: 'from steps of these networks timed here',
  scaled: 'from steps timed here; those of other networks by their size, of other losses by what these cost beside each other',
  typical: 'going by what two cores usually do',
};

/** The plan for people, before any work: what, how much of it is there already, on what, for how long, to where. */
export function planLines(plan: Plan, out: string, style: Style, width: number): string {
  const cells = plan.cells.map(({ cell }) => cell);
  const [{ images, profile, precision }] = cells as [(typeof cells)[number]];
  const pairs = unique(cells.map(({ recipe }) => (recipe.teacher ? `${recipe.teacher} → ${recipe.student}` : recipe.student)));
  const taught = pairs.filter((pair) => pair.includes('→'));
  const seeds = unique(cells.map(({ seed }) => String(seed)));
  const left = plan.cells.filter(isLeft).length;
  const status = (what: string): number => plan.cells.filter((planned) => planned.status === what).length;
  const states = [
    [status('done'), 'done already'],
    [status('diverged'), 'diverged before (--fresh runs them again)'],
    [status('failed'), 'failed before, to be tried again'],
    [status('goes on'), `go${status('goes on') === 1 ? 'es' : ''} on from a checkpoint`],
    [status('to do'), 'to do'],
  ] as const;
  const time = left === 0 ? 'nothing left to run' : `about ${formatDuration(plan.estimate.seconds)}, ${BASIS[plan.estimate.basis]}`;
  const lines: readonly (readonly [string, string])[] = [
    ['profile', `${profile}: ${profiles[profile].about}`],
    [taught.length > 1 ? 'pairs' : 'pair', (taught.length > 0 ? taught : pairs).join(', ')],
    ['cells', `${cells.length}: ${unique(cells.map(({ label }) => label)).join(', ')}`],
    [
      '',
      states
        .filter(([n]) => n > 0)
        .map(([n, what]) => `${n} ${what}`)
        .join(', '),
    ],
    [seeds.length > 1 ? 'seeds' : 'seed', seeds.join(', ')],
    ['epochs', `${unique(cells.map(({ recipe }) => String(recipe.epochs))).join(' or ')}, ${precision}`],
    [
      'images',
      `${datasetTitle(images.dataset)}: ${count(images.trainImages)} for training, ${count(images.testImages)} for testing; from ${images.source}`,
    ],
    ['engine', plan.engine.summary],
    ['time', time],
    ...(plan.teacherOutputs ? [['teacher', teacherLine(plan.teacherOutputs)] as const] : []),
    ['results', `${out} (${formatBytes(plan.disk.free)} free${left === 0 ? '' : `, about ${formatBytes(plan.disk.needed)} needed`})`],
  ];
  const body = lines.map(([name, text]) => `${style.dim(name.padEnd(8))} ${wrap(text, width - 10, ' '.repeat(9))}`);
  return [style.bold('Plan'), ...body.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)].join('\n');
}

const teacherLine = ({ folder, mostBytes, expected }: NonNullable<Plan['teacherOutputs']>): string =>
  `outputs kept in ${folder}: about ${formatBytes(expected)} at most, of ${formatBytes(mostBytes)} allowed`;

/** The plan for programs. */
export const planRecord = (plan: Plan, out: string): Record<string, unknown> => ({
  kind: 'plan',
  cells: plan.cells.map(({ cell, status }) => ({ cell: cell.id, label: cell.label, seed: cell.seed, status, recipe: cell.recipe })),
  images: plan.cells[0]?.cell.images,
  profile: plan.cells[0]?.cell.profile,
  precision: plan.cells[0]?.cell.precision,
  engine: plan.engine,
  estimatedSeconds: Math.round(plan.estimate.seconds),
  estimateBasis: plan.estimate.basis,
  freeBytes: plan.disk.free,
  neededBytes: plan.disk.needed,
  teacherOutputs: plan.teacherOutputs,
  out,
});
