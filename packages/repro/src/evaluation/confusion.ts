import { stringify } from 'csv-stringify/sync';
import { neutralise } from '../table-csv.js';
import type { Predictions } from './predictions.js';

/** How often each class was taken for which: row = true class, column = predicted one, [K, K] row by row. */
export interface Confusion {
  classes: number;
  counts: Uint32Array;
  /** [K], images of each class whose answer was no class at all (a logit was no number). */
  unanswered: Uint32Array;
}

/** One class and how much of it was right. Units: percent. */
export interface ClassAccuracy {
  label: number;
  images: number;
  /** Null where the set has no image of the class. */
  top1: number | null;
}

/** Two classes that were mixed up: `count` images of `label` were taken for `predicted`. */
export interface Mistake {
  label: number;
  predicted: number;
  count: number;
}

export function confusionOf({ classes, labels, predicted }: Predictions): Confusion {
  const counts = new Uint32Array(classes * classes);
  const unanswered = new Uint32Array(classes);
  for (const [n, label] of labels.entries()) {
    const answer = predicted[n]!;
    if (answer < 0) unanswered[label]!++;
    else counts[label * classes + answer]!++;
  }
  return { classes, counts, unanswered };
}

export function classAccuracies({ classes, counts, unanswered }: Confusion): ClassAccuracy[] {
  return Array.from({ length: classes }, (_, label) => {
    const row = counts.subarray(label * classes, (label + 1) * classes);
    const images = row.reduce((sum, value) => sum + value, unanswered[label]!);
    return { label, images, top1: images === 0 ? null : (100 * row[label]!) / images };
  });
}

/** The most frequent mistakes, most frequent first; equal ones in the order of the classes. */
export function worstMistakes({ classes, counts }: Confusion, most: number): Mistake[] {
  const mistakes: Mistake[] = [];
  counts.forEach((count, at) => {
    const [label, predicted] = [Math.floor(at / classes), at % classes];
    if (count > 0 && label !== predicted) mistakes.push({ label, predicted, count });
  });
  return mistakes.sort((a, b) => b.count - a.count || a.label - b.label || a.predicted - b.predicted).slice(0, most);
}

/** The matrix as CSV: a row a true class, a column a predicted one, named. Units: images. */
export function confusionCsv({ classes, counts, unanswered }: Confusion, names: readonly string[]): string {
  const heads = ['true class', ...names, 'none'].map(neutralise);
  const rows = names.map((name, label) => [
    neutralise(name),
    ...counts.subarray(label * classes, (label + 1) * classes),
    unanswered[label]!,
  ]);
  return stringify([heads, ...rows], { record_delimiter: 'windows' });
}

/** Accuracy of every class as CSV. Units: percent. */
export function classesCsv(accuracies: readonly ClassAccuracy[], names: readonly string[]): string {
  const rows = accuracies.map(({ label, images, top1 }) => [label, neutralise(names[label] ?? ''), images, top1]);
  return stringify([['class', 'name', 'images', 'top1'], ...rows], { record_delimiter: 'windows' });
}
