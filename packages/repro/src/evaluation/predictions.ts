import { rankOfLabel } from '../evaluate.js';

/** What a network said to each image of a set: all that accuracy, confusion, calibration and comparisons are made from. */
export interface Predictions {
  classes: number;
  /** [N] */
  labels: Int32Array;
  /** [N], the class with the highest logit; the first of equal ones, -1 where a logit is no number. */
  predicted: Int32Array;
  /** [N], how many classes stand above the label's: 0 is right. */
  ranks: Int32Array;
  /** [N], softmax probability of the predicted class, 0 .. 1. */
  confidences: Float64Array;
  /** [N], -log of the softmax probability of the label's class, nats. */
  losses: Float64Array;
}

/** Gathers predictions batch by batch. */
export class PredictionCollector {
  readonly #rows: { label: number; predicted: number; rank: number; confidence: number; loss: number }[] = [];

  constructor(private readonly classes: number) {}

  /** Adds a batch of logits, [N, classes] flat; rows beyond the labels (padding) are left out. */
  add(logits: ArrayLike<number>, labels: ArrayLike<number>): void {
    for (let n = 0; n < labels.length; n++) this.#rows.push(this.#row(logits, n * this.classes, labels[n]!));
  }

  #row(logits: ArrayLike<number>, start: number, label: number) {
    let [best, broken] = [0, false];
    for (let k = 0; k < this.classes; k++) {
      const value = logits[start + k]!;
      broken ||= Number.isNaN(value);
      if (value > logits[start + best]!) best = k;
    }
    const rank = rankOfLabel(logits, start, this.classes, label);
    if (broken) return { label, predicted: -1, rank, confidence: Number.NaN, loss: Number.NaN };
    const highest = logits[start + best]!;
    let sum = 0;
    for (let k = 0; k < this.classes; k++) sum += Math.exp(logits[start + k]! - highest);
    return { label, predicted: best, rank, confidence: 1 / sum, loss: Math.log(sum) - (logits[start + label]! - highest) };
  }

  result(): Predictions {
    const rows = this.#rows;
    return {
      classes: this.classes,
      labels: Int32Array.from(rows, ({ label }) => label),
      predicted: Int32Array.from(rows, ({ predicted }) => predicted),
      ranks: Int32Array.from(rows, ({ rank }) => rank),
      confidences: Float64Array.from(rows, ({ confidence }) => confidence),
      losses: Float64Array.from(rows, ({ loss }) => loss),
    };
  }
}
