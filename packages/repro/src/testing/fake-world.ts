import { EventEmitter } from 'node:events';
import { type Dataset, syntheticImages, type TrainingImages } from '@tempered/data';
import type { World } from '../cli.js';
import { PredictionCollector, type Predictions } from '../evaluation/predictions.js';
import { writeConfig, writeSummary } from '../run-folder.js';
import type { GroupContext, RunGroup } from '../run-types.js';
import type { Services } from '../services.js';
import { fakeImages, fakeSummary } from './fake-runs.js';

/** Pictures that nobody looks at, as many as `fakeImages` says of the real ones. */
const few: { train: Dataset; test: Dataset } = syntheticImages({ classes: 10, trainPerClass: 1, testPerClass: 1 });

/** A group that finishes each cell at once, with an accuracy that tells the cells apart. */
export const obedientGroup: RunGroup = async (cells, context) => {
  const summaries = [];
  for (const [index, cell] of cells.entries()) {
    const summary = fakeSummary(cell, { lastTop1: 50 + index, bestTop1: 50.5 + index });
    await writeConfig(context.out, cell, {});
    await writeSummary(context.out, summary);
    report(context, cell.id, cell.recipe.epochs, summary.lastTop1);
    context.onEvent({ kind: 'cell-done', cell: cell.id, summary });
    summaries.push(summary);
  }
  return summaries;
};

function report({ onEvent }: GroupContext, cell: string, epochs: number, top1: number): void {
  onEvent({ kind: 'step', cell, epoch: epochs, epochs, step: 79, steps: 79, loss: 1, msPerStep: 40 });
  onEvent({ kind: 'epoch', cell, epoch: epochs, epochs, loss: 1, top1 });
}

/** A network that takes every picture for the class `shift` places further on. */
function predictionsOf(images: TrainingImages, shift: number): Predictions {
  const collector = new PredictionCollector(images.classes);
  for (let n = 0; n < images.length; n++) {
    const answer = (images.label(n) + shift) % images.classes;
    collector.add(
      Array.from({ length: images.classes }, (_, k) => (k === answer ? 2 : 0)),
      [images.label(n)],
    );
  }
  return collector.result();
}

export interface FakeWorld extends World {
  /** What was written so far. */
  out(): string;
  err(): string;
  /** What the records on stdout say. */
  records(): Record<string, unknown>[];
  /** Sends the command a signal. */
  press(signal: 'SIGINT' | 'SIGTERM'): void;
  exits: number[];
}

/** A world without a terminal in which no work is done, only talked about. */
export function fakeWorld(changes: Partial<Services> = {}): FakeWorld {
  let [out, err] = ['', ''];
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const services: Services = {
    openImages: async () => ({ about: fakeImages, ...few }),
    loadEngine: async (precision) => ({ name: 'cpu', summary: `TensorFlow 2.21.0 on 2 cores, ${precision}`, fingerprint: 'tf cpu' }),
    checkRecipe: async () => undefined,
    checkTeacher: async () => undefined,
    timeSteps: async () => ({ secondsPerStep: 0.04, secondsToStart: 3 }),
    predict: async (files, images) => files.map((_, shift) => predictionsOf(images, shift)),
    analyse: async () => undefined,
    runGroup: obedientGroup,
    trainGroup: obedientGroup,
    ...changes,
  };
  return {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    signals: Object.assign(emitter, { exit: (code: number) => void exits.push(code) }),
    services,
    channel: null,
    out: () => out,
    err: () => err,
    records: () =>
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    press: (signal) => emitter.emit(signal),
    exits,
  };
}
