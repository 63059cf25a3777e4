import { sparkline } from './sparkline.js';
import { formatDuration, type Style } from './terminal.js';
import type { Watched, WatchedCell, WatchedStatus } from './watch-state.js';

const BAR = 12;
const CURVE = 16;
/** Those that move first. */
const ORDER: readonly WatchedStatus[] = ['running', 'failed', 'diverged', 'stopped', 'waiting', 'done'];

const painter = (status: WatchedStatus, style: Style): ((text: string) => string) =>
  ({
    running: style.green,
    failed: style.red,
    diverged: style.red,
    stopped: style.yellow,
    waiting: style.dim,
    done: (text: string) => text,
  })[status];

/** What is going on, in at most so many lines: totals, then cells under their pairs. */
export function watchLines(
  { out, cells, share, secondsLeft }: Watched,
  style: Style,
  width: number,
  height = Number.POSITIVE_INFINITY,
): string[] {
  if (cells.length === 0) return [`Nothing is planned under ${out} yet; 'tempered repro' begins.`];
  const counts = ORDER.map((status) => [status, cells.filter((cell) => cell.status === status).length] as const).filter(([, n]) => n > 0);
  const left = secondsLeft === null ? '' : `, about ${formatDuration(secondsLeft)} left`;
  const names = cells.map((cell) => nameOf(cell, cells));
  const room = Math.min(Math.max(...names.map((name) => name.length)), Math.max(12, width - BAR - CURVE - 44));
  const head = [
    `${style.bold(`${cells.length} cell${cells.length === 1 ? '' : 's'}, ${Math.floor(100 * share)} %${left}`)}  ${counts.map(([status, n]) => painter(status, style)(`${n} ${status}`)).join(', ')}`,
    style.dim(clip(out, width)),
    style.dim(
      `  ${'cell'.padEnd(room)} ${'state'.padEnd(8)} ${''.padEnd(BAR)} ${'epoch'.padStart(7)} ${'loss'.padStart(7)} ${'test'.padStart(8)}`,
    ),
  ];
  const lines: string[] = [];
  let pair = '';
  const shown = cells
    .map((cell, i) => ({ cell, name: names[i]! }))
    .sort((a, b) => ORDER.indexOf(a.cell.status) - ORDER.indexOf(b.cell.status) || 0);
  for (const { cell, name } of shown) {
    if (cell.pair !== pair) lines.push(style.dim(cell.pair));
    pair = cell.pair;
    lines.push(cellLine(cell, name, room, style, width));
  }
  const fits = height - head.length;
  if (lines.length <= fits) return [...head, ...lines];
  return [
    ...head,
    ...lines.slice(0, Math.max(1, fits - 1)),
    style.dim(`${lines.length - fits + 1} more lines; a higher window shows them`),
  ];
}

const nameOf = ({ label, seed }: WatchedCell, cells: readonly WatchedCell[]): string =>
  cells.some((other) => other.seed !== seed) ? `${label} s${seed}` : label;

const clip = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`);

function cellLine(cell: WatchedCell, name: string, room: number, style: Style, width: number): string {
  const full = Math.round(BAR * cell.share);
  const paint = painter(cell.status, style);
  const bar = `${paint('━'.repeat(full))}${style.dim('─'.repeat(BAR - full))}`;
  const epochs = `${cell.epoch}/${cell.epochs}`.padStart(7);
  const loss = cell.loss === null ? '' : cell.loss.toFixed(3);
  const top1 = cell.lastTop1 === null ? '' : `${cell.lastTop1.toFixed(2)} %`;
  const curve = sparkline(
    cell.curves.top1.map(([, value]) => value),
    CURVE,
  );
  const note = cell.failure ? `  ${clip(cell.failure.split('\n')[0]!, Math.max(10, width - room - BAR - 30))}` : '';
  const temperature = cell.temperature === null ? '' : `  T ${cell.temperature.toFixed(2)}`;
  const words = `  ${clip(name, room).padEnd(room)} ${paint(cell.status.padEnd(8))} ${bar} ${epochs}`;
  return note === '' ? `${words} ${loss.padStart(7)} ${top1.padStart(8)} ${style.green(curve)}${temperature}` : `${words}${note}`;
}
