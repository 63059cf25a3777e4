import { evaluationBatches, type TrainingImages } from '@tempered/data';

/** Share of test images, in percent, whose class was the first, or among the first five, of the logits. */
export interface Accuracy {
  top1: number;
  top5: number;
  images: number;
}

/** Images of one evaluation batch: enough to keep the convolutions busy, and a divisor of the usual test sets. */
export const EVALUATION_BATCH = 250;

/** How many classes have a larger logit than the label's, equal ones counted where they come first: 0 means top-1. */
export function rankOfLabel(logits: ArrayLike<number>, start: number, classes: number, label: number): number {
  const own = logits[start + label]!;
  let above = 0;
  for (let k = 0; k < classes; k++) {
    const value = logits[start + k]!;
    // NaN compares as neither: a network that answers NaN has no rank to be proud of.
    if (k !== label && !(value < own) && !(value === own && k > label)) above++;
  }
  return above;
}

/** Counts hits batch by batch. */
export class AccuracyCounter {
  #first = 0;
  #firstFive = 0;
  #images = 0;

  constructor(private readonly classes: number) {}

  /** Adds a batch; rows of logits beyond the labels (padding) are left out. */
  add(logits: ArrayLike<number>, labels: ArrayLike<number>): void {
    for (let n = 0; n < labels.length; n++) {
      const rank = rankOfLabel(logits, n * this.classes, this.classes, labels[n]!);
      if (rank < 1) this.#first++;
      if (rank < 5) this.#firstFive++;
    }
    this.#images += labels.length;
  }

  result(): Accuracy {
    const percent = (hits: number): number => (this.#images === 0 ? 0 : (100 * hits) / this.#images);
    return { top1: percent(this.#first), top5: percent(this.#firstFive), images: this.#images };
  }
}

/** Logits of a batch of images, [N, classes] flat. */
export type Classifier = (images: Float32Array) => Promise<ArrayLike<number>>;

/**
 * Runs so many jobs at a time, in order. Nothing is begun after a failure; it is thrown, the first of them, once what was under way
 * has come to its end, so that nobody closes a session that is still at work.
 */
export async function inParallel(jobs: readonly (() => Promise<void>)[], atOnce: number): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (next < jobs.length && failures.length === 0) await jobs[next++]!().catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, jobs.length) }, lane));
  if (failures.length > 0) throw failures[0];
}

/** Where the evaluation of one network goes: a batch of images in, what it says handed to whoever counts. */
export type BatchReader = (images: Float32Array, labels: Int32Array) => Promise<void>;

interface EvaluationOptions {
  atOnce?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Shows the images of a dataset to several readers, each batch made once for all of them. A last smaller batch is padded with zeros,
 * so that every network sees one batch size only; there are labels for the images alone.
 *
 * Throws   the signal's reason when it is aborted between two batches.
 */
export async function readTestImages(
  readers: readonly BatchReader[],
  dataset: TrainingImages,
  { atOnce = 1, signal }: EvaluationOptions = {},
): Promise<void> {
  const pixels = dataset.height * dataset.width * 3;
  const batchSize = Math.min(EVALUATION_BATCH, dataset.length);
  for await (const { images, labels, count } of evaluationBatches(dataset, { batchSize })) {
    signal?.throwIfAborted();
    let padded = images;
    if (count < batchSize) {
      padded = new Float32Array(batchSize * pixels);
      padded.set(images);
    }
    const jobs = readers.map((read) => async () => await read(padded, labels));
    await inParallel(jobs, atOnce);
  }
}

/**
 * Top-1 and top-5 of several networks over a dataset.
 *
 * Throws   the signal's reason when it is aborted between two batches.
 */
export async function evaluateAll(
  classifiers: readonly Classifier[],
  dataset: TrainingImages,
  options: EvaluationOptions = {},
): Promise<Accuracy[]> {
  const counters = classifiers.map(() => new AccuracyCounter(dataset.classes));
  const readers = classifiers.map(
    (classify, i): BatchReader =>
      async (images, labels) =>
        counters[i]!.add(await classify(images), labels),
  );
  await readTestImages(readers, dataset, options);
  return counters.map((counter) => counter.result());
}
