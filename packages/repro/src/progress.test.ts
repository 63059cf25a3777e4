import { beforeEach, expect, test } from 'vitest';
import { Progress } from './progress.js';
import { StatusLine } from './status-line.js';
import { styleFor } from './terminal.js';
import { quickCells } from './testing/fake-runs.js';

const plain = styleFor({}, { NO_COLOR: '1' });
const cells = quickCells({ methods: ['kd'], ls: 'both' });
let written: string;
let time: number;
beforeEach(() => {
  written = '';
  time = 0;
});

function create(isTTY: boolean, which = cells): Progress {
  const sink = { write: (text: string) => (written += text), isTTY };
  const now = (): number => time;
  return new Progress([which], new StatusLine(sink, plain, 80, now), now);
}

/** All cells take an epoch's steps; then each finishes it. */
function epoch(progress: Progress, number: number, msPerStep = 40): void {
  for (let step = 1; step <= 79; step++) {
    for (const cell of cells) {
      time += msPerStep;
      progress.handle({ kind: 'step', cell: cell.id, epoch: number, epochs: 12, step, steps: 79, loss: 1, msPerStep });
    }
  }
  for (const [index, cell] of cells.entries()) {
    progress.handle({ kind: 'epoch', cell: cell.id, epoch: number, epochs: 12, loss: 1, top1: 10 * number + index });
  }
}

test('without a terminal: a line an epoch with every cell, and no control characters', () => {
  const progress = create(false);
  epoch(progress, 1);
  epoch(progress, 2);
  progress.stop();
  expect(written.split('\n')).toEqual([
    'epoch  1/12  KD 10.0, KD T=2 w=9 11.0, KD+LS 12.0 (2 min left)',
    'epoch  2/12  KD 20.0, KD T=2 w=9 21.0, KD+LS 22.0 (2 min left)',
    '',
  ]);
  expect(written.includes(String.fromCharCode(27))).toBe(false);
});

test('without a terminal: a sign of life every half minute of a long epoch', () => {
  const progress = create(false);
  epoch(progress, 1, 1000);
  const lines = written.trim().split('\n');
  expect(lines.length).toBe(1 + Math.floor((79 * 3 - 1) / 30));
  expect(lines[0]).toMatch(/^\d+ % {2}epoch 1, 1000 ms a cell and step, \d+ min left$/);
});

test('on a terminal: one line is redrawn in place and fits the width', () => {
  const progress = create(true);
  epoch(progress, 1);
  progress.stop();
  const draws = written.split('\r').filter((part) => part.includes('%  epoch'));
  expect(draws.length).toBeGreaterThan(10);
  for (const draw of draws) expect(draw.replace('\x1b[K', '').split('\n')[0]!.length).toBeLessThan(80);
  expect(draws.at(-1)).toMatch(/8 % {2}epoch 1, 40 ms a cell and step, \d+ (s|min) left/);
  expect(written.endsWith('\r\x1b[K') || written.endsWith('\n')).toBe(true);
});

test('the time left goes by the pace since the start, without what was done before a resume', () => {
  const progress = create(false);
  for (const cell of cells) progress.handle({ kind: 'resumed', cell: cell.id, epoch: 7, step: 0 });
  expect(progress.share).toBeCloseTo(0.5);
  expect(progress.secondsLeft).toBeNaN();
  time += 40;
  progress.handle({ kind: 'step', cell: cells[0]!.id, epoch: 7, epochs: 12, step: 1, steps: 79, loss: 1, msPerStep: 40 });
  expect(progress.secondsLeft).toBeCloseTo(0.04 * (3 * 6 * 79 - 1));
});

test('a cell that ends or diverges is not waited for', () => {
  const progress = create(false);
  for (const { id } of cells) progress.handle({ kind: 'step', cell: id, epoch: 1, epochs: 12, step: 3, steps: 79, loss: 1, msPerStep: 40 });
  progress.handle({ kind: 'diverged', cell: cells[2]!.id, epoch: 1, step: 4, message: 'loss is NaN' });
  for (const cell of cells.slice(0, 2)) progress.handle({ kind: 'epoch', cell: cell.id, epoch: 1, epochs: 12, loss: 1, top1: 1 });
  expect(written).toContain('KD+LS diverged in epoch 1, step 4: loss is NaN');
  expect(written).toMatch(/epoch {2}1\/12 {2}KD 1\.0, KD T=2 w=9 1\.0/);
});

test('an epoch without an evaluation makes no line', () => {
  const progress = create(false);
  for (const { id } of cells) progress.handle({ kind: 'epoch', cell: id, epoch: 1, epochs: 12, loss: 1 });
  progress.stop();
  expect(written).toBe('');
});

test('several seeds are told apart, and unknown cells do no harm', () => {
  const two = quickCells({ methods: ['dkd'], ls: 'off', seeds: [0, 1] });
  const progress = create(false, two);
  progress.handle({ kind: 'interrupted', cell: two[1]!.id, epoch: 1, step: 5 });
  expect(written).toBe('DKD s1 saved in epoch 1, after step 5\n');
  progress.handle({ kind: 'cell-done', cell: 'unknown', summary: undefined as never });
  progress.handle({ kind: 'teacher-evaluated', teacher: { name: 'resnet56', top1: 91.234, sha256: '' }, recorded: 91.3 });
  expect(written).toContain('teacher resnet56: 91.23 % of the test images; its record says 91.30');
});
