import type { Cell } from './cell.js';
import { stepsPerEpoch } from './estimate.js';
import type { RunEvent } from './run-types.js';
import type { StatusLine } from './status-line.js';
import { formatDuration } from './terminal.js';

interface CellProgress {
  label: string;
  /** Which group it belongs to: cells of one finish their epochs together. */
  group: number;
  epochs: number;
  /** Steps of an epoch. */
  steps: number;
  /** Steps done since the cell began, those before a resume included. */
  done: number;
  ended: boolean;
}

type EventOf<Kind extends RunEvent['kind']> = Extract<RunEvent, { kind: Kind }>;

/**
 * Shows how far a run is: a line an epoch with the accuracy of every cell, and a status with pace and time left.
 */
export class Progress {
  readonly #cells = new Map<string, CellProgress>();
  /** By group, epochs that some of its cells have finished and others have not: cell to 'label accuracy'. */
  readonly #open: Map<number, Map<string, string>>[];
  readonly #status: StatusLine;
  readonly #now: () => number;
  /** When the first step began; before that (teacher, compilation) says nothing about the pace. */
  #began: number | null = null;
  /** Steps taken since, those that a crash had taken back included. */
  #taken = 0;
  #epoch = 1;
  #msPerStep: number | null = null;

  constructor(groups: readonly (readonly Cell[])[], status: StatusLine, now: () => number = () => performance.now()) {
    this.#status = status;
    this.#now = now;
    this.#open = groups.map(() => new Map());
    const nameOf = shortNames(groups.flat());
    for (const [group, cells] of groups.entries())
      for (const cell of cells)
        this.#cells.set(cell.id, {
          label: nameOf(cell),
          group,
          epochs: cell.recipe.epochs,
          steps: stepsPerEpoch(cell),
          done: 0,
          ended: false,
        });
  }

  /** Takes an event of a running group. */
  handle(event: RunEvent): void {
    const shown = SHOWN[event.kind] as (progress: Progress, event: RunEvent) => void;
    shown(this, event);
  }

  line(text: string): void {
    this.#status.line(text);
  }

  /** Says what is still to be said; nothing more is coming. */
  stop(): void {
    for (const [group, open] of this.#open.entries())
      for (const epoch of [...open.keys()].sort((a, b) => a - b)) this.#closeEpoch(group, epoch);
    this.#status.clear();
  }

  /** Share of all steps that is done, 0 to 1. */
  get share(): number {
    const all = [...this.#cells.values()];
    const total = all.reduce((sum, cell) => sum + cell.epochs * cell.steps, 0);
    return total === 0 ? 1 : all.reduce((sum, cell) => sum + (cell.ended ? cell.epochs * cell.steps : cell.done), 0) / total;
  }

  /** Seconds that are left at the pace so far; NaN before the first step. */
  get secondsLeft(): number {
    const all = [...this.#cells.values()];
    const left = all.reduce((sum, cell) => sum + (cell.ended ? 0 : cell.epochs * cell.steps - cell.done), 0);
    return this.#taken === 0 || this.#began === null ? Number.NaN : ((this.#now() - this.#began) / 1000 / this.#taken) * left;
  }

  label(id: string): string {
    return this.#cells.get(id)?.label ?? id;
  }

  resume({ cell: id, epoch, step }: EventOf<'resumed'>): void {
    const cell = this.#cells.get(id);
    if (!cell) return;
    cell.done = (epoch - 1) * cell.steps + step;
    this.line(`${cell.label} goes on in epoch ${epoch}, after step ${step}`);
  }

  step({ cell: id, epoch, step, steps, msPerStep }: EventOf<'step'>): void {
    const cell = this.#cells.get(id);
    if (!cell) return;
    this.#began ??= this.#now() - msPerStep;
    cell.steps = steps;
    cell.done = (epoch - 1) * steps + step;
    this.#taken++;
    this.#epoch = epoch;
    this.#msPerStep = this.#msPerStep === null ? msPerStep : 0.95 * this.#msPerStep + 0.05 * msPerStep;
    this.#status.status(this.share, () => {
      const left = Number.isNaN(this.secondsLeft) ? '' : `, ${formatDuration(this.secondsLeft)} left`;
      const all = [...this.#cells.values()];
      const ended = all.filter((each) => each.ended).length;
      const where = this.#open.length === 1 ? `epoch ${this.#epoch}` : `${ended} of ${all.length} cells done`;
      return `${where}, ${this.#msPerStep!.toFixed(0)} ms a cell and step${left}`;
    });
  }

  /** A line comes of it once every cell of the group has finished the epoch; of one that no cell was evaluated in, none. */
  finishEpoch({ cell: id, epoch, top1 }: EventOf<'epoch'>): void {
    const group = this.#cells.get(id)?.group;
    const open = group === undefined ? undefined : this.#open[group];
    if (!open) return;
    for (const earlier of open.keys()) if (earlier < epoch) this.#closeEpoch(group!, earlier);
    if (top1 === undefined || Number.isNaN(top1)) return;
    const finished = open.get(epoch) ?? new Map<string, string>();
    open.set(epoch, finished.set(id, `${this.label(id)} ${top1.toFixed(1)}`));
    const waiting = [...this.#cells].some(
      ([other, cell]) => cell.group === group && !cell.ended && !finished.has(other) && cell.done > (epoch - 1) * cell.steps,
    );
    if (!waiting) this.#closeEpoch(group!, epoch);
  }

  end(id: string): void {
    const cell = this.#cells.get(id);
    if (cell) cell.ended = true;
  }

  #closeEpoch(group: number, epoch: number): void {
    const finished = this.#open[group]!.get(epoch);
    if (!finished) return;
    this.#open[group]!.delete(epoch);
    const epochs = String(Math.max(...[...this.#cells.values()].filter((cell) => cell.group === group).map((cell) => cell.epochs)));
    const accuracies = [...this.#cells.keys()].map((id) => finished.get(id) ?? '').filter((text) => text !== '');
    // A terminal has its status line; elsewhere an epoch without an evaluation still says that it is over.
    if (accuracies.length === 0 && this.#status.live) return;
    const left =
      this.#status.live || Number.isNaN(this.secondsLeft) || this.share === 1 ? '' : ` (${formatDuration(this.secondsLeft)} left)`;
    this.line(`epoch ${String(epoch).padStart(epochs.length)}/${epochs}  ${accuracies.length ? accuracies.join(', ') : 'trained'}${left}`);
  }
}

/** Names cells by no more than what tells them apart: method, and where there are several, pair and seed. */
function shortNames(cells: readonly Cell[]): (cell: Cell) => string {
  const pairOf = ({ recipe: { teacher, student } }: Cell): string => (teacher ? `${teacher}→${student}` : student);
  const pairs = new Set(cells.filter(({ recipe }) => recipe.teacher).map(pairOf)).size > 1;
  const seeds = new Set(cells.map(({ seed }) => seed)).size > 1;
  return (cell) => [cell.label, ...(pairs ? [pairOf(cell)] : []), ...(seeds ? [`s${cell.seed}`] : [])].join(' ');
}

/** What each event looks like. */
const SHOWN: { [Kind in RunEvent['kind']]: (progress: Progress, event: EventOf<Kind>) => void } = {
  'teacher-evaluated': (progress, { teacher, recorded }) => {
    const record = recorded === null ? '' : `; its record says ${recorded.toFixed(2)}`;
    progress.line(`teacher ${teacher.name}: ${teacher.top1.toFixed(2)} % of the test images${record}`);
  },
  resumed: (progress, event) => progress.resume(event),
  step: (progress, event) => progress.step(event),
  epoch: (progress, event) => progress.finishEpoch(event),
  'cell-done': (progress, { cell }) => progress.end(cell),
  diverged: (progress, { cell, epoch, step, message }) => {
    progress.end(cell);
    progress.line(`${progress.label(cell)} diverged in epoch ${epoch}, step ${step}: ${message}`);
  },
  interrupted: (progress, { cell, epoch, step }) => progress.line(`${progress.label(cell)} saved in epoch ${epoch}, after step ${step}`),
  failed: (progress, { cell, message }) => {
    progress.end(cell);
    progress.line(`${progress.label(cell)}: ${message}`);
  },
  restarted: (progress, { cells, message }) => progress.line(`${cells.map((cell) => progress.label(cell)).join(', ')}: ${message}`),
  message: (progress, { cell, message }) => progress.line(cell ? `${progress.label(cell)}: ${message}` : message),
};
