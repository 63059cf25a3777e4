import type { Predictions } from './predictions.js';

/** Images whose confidence lies in (from, to]. Units: 0 .. 1; means are null in an empty bin. */
export interface CalibrationBin {
  from: number;
  to: number;
  images: number;
  accuracy: number | null;
  confidence: number | null;
}

/** How far a network's confidence can be believed. */
export interface Calibration {
  /** Expected calibration error, 0 .. 1. */
  ece: number;
  /** The largest gap of a bin that has images, 0 .. 1. */
  mce: number;
  /** Mean of -log p(label), nats. */
  nll: number;
  bins: readonly CalibrationBin[];
}

export const CALIBRATION_BINS = 15;

/**
 * Expected calibration error over bins of equal width.
 *
 *   ECE = sum_b (n_b / N) |accuracy_b - confidence_b|,   bin b holds confidences in ((b - 1) / B, b / B]
 *
 * Units    confidences and accuracies 0 .. 1; NaN where a network answers NaN.
 * Throws   RangeError without images, or where `bins` is not a whole number above 0.
 * Source   Guo et al., ICML 2017, arXiv:1706.04599 (15 bins).
 */
export function calibrationOf({ labels, predicted, confidences, losses }: Predictions, bins = CALIBRATION_BINS): Calibration {
  if (labels.length === 0) throw new RangeError('calibration: there are no images');
  if (!Number.isInteger(bins) || bins < 1) throw new RangeError(`calibration: ${bins} bins`);
  const counts = new Float64Array(bins);
  const hits = new Float64Array(bins);
  const sums = new Float64Array(bins);
  for (const [n, confidence] of confidences.entries()) {
    if (Number.isNaN(confidence)) continue;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));
    counts[bin]!++;
    sums[bin]! += confidence;
    if (predicted[n] === labels[n]) hits[bin]!++;
  }
  const found = Array.from(
    counts,
    (images, b): CalibrationBin => ({
      from: b / bins,
      to: (b + 1) / bins,
      images,
      accuracy: images ? hits[b]! / images : null,
      confidence: images ? sums[b]! / images : null,
    }),
  );
  const gaps = found.map(({ accuracy, confidence }) => (accuracy === null ? 0 : Math.abs(accuracy - confidence!)));
  const answered = counts.reduce((sum, value) => sum + value, 0);
  return {
    ece: answered ? gaps.reduce((sum, gap, b) => sum + (gap * counts[b]!) / answered, 0) : Number.NaN,
    mce: answered ? Math.max(...gaps) : Number.NaN,
    nll: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    bins: found,
  };
}
