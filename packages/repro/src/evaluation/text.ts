import type { Style } from '../terminal.js';
import type { ClassAccuracy } from './confusion.js';
import type { PairedComparison } from './paired.js';
import type { Evaluation } from './summary.js';

/** How many classes are listed at either end. */
const LISTED = 5;

/** An evaluation for people: calibration, the worst and best classes, the most frequent mistakes. */
export function evaluationText({ calibration, classes, mistakes, images }: Evaluation, names: readonly string[], style: Style): string {
  const known = classes.filter((one): one is ClassAccuracy & { top1: number } => one.top1 !== null);
  const ranked = [...known].sort((a, b) => a.top1 - b.top1 || a.label - b.label);
  const listed = (some: typeof known): string => some.map(({ label, top1 }) => `${names[label]} ${top1.toFixed(0)} %`).join(', ');
  const filled = calibration.bins.filter(({ images: n }) => n > 0);
  const mean = (field: 'accuracy' | 'confidence'): number => filled.reduce((sum, bin) => sum + (bin[field]! * bin.images) / images, 0);
  const side = mean('confidence') >= mean('accuracy') ? 'over-confident' : 'under-confident';
  return [
    `${style.dim('calibration ')}ECE ${(100 * calibration.ece).toFixed(2)} % over ${calibration.bins.length} bins of equal width, ${side}; ${calibration.nll.toFixed(4)} nats a label`,
    ...(ranked.length > 2 * LISTED
      ? [
          `${style.dim('best        ')}${listed(ranked.slice(-LISTED).reverse())}`,
          `${style.dim('worst       ')}${listed(ranked.slice(0, LISTED))}`,
        ]
      : [`${style.dim('classes     ')}${listed([...ranked].reverse())}`]),
    ...mistakes.map(
      ({ label, predicted, count }, at) =>
        `${style.dim(at === 0 ? 'mixed up    ' : '            ')}${names[label]} taken for ${names[predicted]} ${count} of ${classes[label]!.images} times`,
    ),
  ].join('\n');
}

/** A comparison of two networks for people. */
export function comparisonText(comparison: PairedComparison, first: string, second: string): string {
  const { difference, standardError, pValue, agreement, images, bothRight, onlyFirst, onlySecond, bothWrong } = comparison;
  const p = pValue < 0.0001 ? 'p < 0.0001' : `p = ${pValue.toFixed(4)}`;
  return [
    `${first} minus ${second}: ${difference >= 0 ? '+' : ''}${difference.toFixed(2)} ±${standardError.toFixed(2)} points (standard error over ${images} images, paired), McNemar's exact ${p}`,
    `same answer on ${(100 * agreement).toFixed(2)} %; right: both ${bothRight}, only the first ${onlyFirst}, only the second ${onlySecond}, neither ${bothWrong}`,
  ].join('\n');
}
