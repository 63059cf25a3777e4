import { type Calibration, calibrationOf } from './calibration.js';
import { type ClassAccuracy, type Confusion, classAccuracies, confusionOf, type Mistake, worstMistakes } from './confusion.js';
import type { Predictions } from './predictions.js';

/** All that is said about one network on one set of images. Units: percent, unless named otherwise. */
export interface Evaluation {
  images: number;
  top1: number;
  top5: number;
  /** Binomial standard error of top1, over images. */
  top1Error: number;
  calibration: Calibration;
  classes: readonly ClassAccuracy[];
  confusion: Confusion;
  mistakes: readonly Mistake[];
}

/** How many pairs of confused classes are named. */
const NAMED_MISTAKES = 10;

export function summarise(predictions: Predictions): Evaluation {
  const { ranks } = predictions;
  const images = ranks.length;
  const hits = (below: number): number => ranks.reduce((count, rank) => count + (rank < below ? 1 : 0), 0);
  const confusion = confusionOf(predictions);
  const first = hits(1) / images;
  return {
    images,
    // Hits first: 100 * 0.7162 is 71.61999999999999.
    top1: (100 * hits(1)) / images,
    top5: (100 * hits(5)) / images,
    top1Error: 100 * Math.sqrt((first * (1 - first)) / images),
    calibration: calibrationOf(predictions),
    classes: classAccuracies(confusion),
    confusion,
    mistakes: worstMistakes(confusion, NAMED_MISTAKES),
  };
}
