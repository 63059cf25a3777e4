import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { styleFor } from '../terminal.js';
import { calibrationOf } from './calibration.js';
import { classAccuracies, classesCsv, confusionCsv, confusionOf, worstMistakes } from './confusion.js';
import { comparePaired, mcnemar } from './paired.js';
import { PredictionCollector, type Predictions } from './predictions.js';
import { summarise } from './summary.js';
import { comparisonText, evaluationText } from './text.js';

const plain = styleFor({}, { NO_COLOR: '1' });

/** Predictions of a network that gives the named class the probability p and shares the rest. */
function predict(classes: number, answers: readonly (readonly [label: number, answer: number, p: number])[]): Predictions {
  const collector = new PredictionCollector(classes);
  for (const [label, answer, p] of answers) {
    const rest = Math.log((1 - p) / (classes - 1));
    collector.add(
      Array.from({ length: classes }, (_, k) => (k === answer ? Math.log(p) : rest)),
      [label],
    );
  }
  return collector.result();
}

const answers = (classes = 5) =>
  fc.array(fc.tuple(fc.nat(classes - 1), fc.nat(classes - 1), fc.double({ min: 0.25, max: 0.99, noNaN: true })), {
    minLength: 1,
    maxLength: 60,
  });

describe('predictions', () => {
  test('confidence and loss are those of the softmax, whatever the offset', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 8 }),
        fc.nat(),
        fc.integer({ min: -500, max: 500 }),
        (row, pick, offset) => {
          const label = pick % row.length;
          const collector = new PredictionCollector(row.length);
          collector.add(
            row.map((value) => value + offset),
            [label],
          );
          const { predicted, confidences, losses, ranks } = collector.result();
          const sum = row.reduce((total, value) => total + Math.exp(value), 0);
          expect(predicted[0]).toBe(row.indexOf(Math.max(...row)));
          expect(confidences[0]).toBeCloseTo(Math.exp(Math.max(...row)) / sum, 10);
          expect(losses[0]).toBeCloseTo(-Math.log(Math.exp(row[label]!) / sum), 8);
          expect(ranks[0] === 0).toBe(predicted[0] === label);
        },
      ),
    );
  });

  test('a network that answers NaN has no answer, and padding is left out', () => {
    const collector = new PredictionCollector(2);
    collector.add([Number.NaN, 1, 0, 1, 5, 5], [0, 1]);
    const found = collector.result();
    expect([...found.predicted]).toEqual([-1, 1]);
    expect([...confusionOf(found).unanswered]).toEqual([1, 0]);
    expect(summarise(found).top1).toBe(50);
  });
});

describe('confusion', () => {
  const found = confusionOf(
    predict(3, [
      [0, 0, 0.9],
      [0, 2, 0.6],
      [0, 2, 0.7],
      [1, 1, 0.8],
      [1, 0, 0.5],
    ]),
  );

  test('counts by true and predicted class, accuracy by class', () => {
    expect([...found.counts]).toEqual([1, 0, 2, 1, 1, 0, 0, 0, 0]);
    expect(classAccuracies(found)).toEqual([
      { label: 0, images: 3, top1: expect.closeTo(100 / 3) },
      { label: 1, images: 2, top1: 50 },
      { label: 2, images: 0, top1: null },
    ]);
    expect(worstMistakes(found, 1)).toEqual([{ label: 0, predicted: 2, count: 2 }]);
  });

  test('as CSV, with names that a spreadsheet does not compute', () => {
    const rows = parse(confusionCsv(found, ['=1+1', 'b', 'c']), { columns: true }) as Record<string, string>[];
    expect(rows[0]).toEqual({ 'true class': "'=1+1", "'=1+1": '1', b: '0', c: '2', none: '0' });
    const classes = parse(classesCsv(classAccuracies(found), ['a', 'b', 'c']), { columns: true }) as Record<string, string>[];
    expect(classes[1]).toEqual({ class: '1', name: 'b', images: '2', top1: '50' });
    expect(classes[2]!.top1).toBe('');
  });

  test('the matrix holds every image once', () => {
    fc.assert(
      fc.property(answers(), (list) => {
        const { counts } = confusionOf(predict(5, list));
        expect(counts.reduce((sum, value) => sum + value, 0)).toBe(list.length);
      }),
    );
  });
});

describe('calibration', () => {
  test('a worked example: two bins, one too sure and one not sure enough', () => {
    const found = calibrationOf(
      predict(4, [
        [0, 0, 0.9],
        [0, 1, 0.9],
        [0, 0, 0.4],
        [0, 0, 0.4],
      ]),
      2,
    );
    expect(found.bins.map(({ images }) => images)).toEqual([2, 2]);
    expect(found.ece).toBeCloseTo((2 / 4) * 0.6 + (2 / 4) * 0.4, 10);
    expect(found.mce).toBeCloseTo(0.6, 10);
  });

  test('always right and sure of it is calibrated; it lies between 0 and 1', () => {
    expect(
      calibrationOf(
        predict(3, [
          [0, 0, 1],
          [1, 1, 1],
        ]),
      ).ece,
    ).toBe(0);
    fc.assert(
      fc.property(answers(), fc.integer({ min: 1, max: 30 }), (list, bins) => {
        const { ece, mce, bins: found } = calibrationOf(predict(5, list), bins);
        expect(ece).toBeGreaterThanOrEqual(0);
        expect(ece).toBeLessThanOrEqual(mce + 1e-12);
        expect(found.reduce((sum, { images }) => sum + images, 0)).toBe(list.length);
        for (const { from, to, confidence } of found)
          if (confidence !== null) expect(confidence > from - 1e-9 && confidence <= to + 1e-9).toBe(true);
      }),
    );
  });
});

describe('two networks', () => {
  test("the standard error is that of the mean of the images' differences", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)), { minLength: 2, maxLength: 80 }), (list) => {
        const [first, second] = [1, 2].map((at) =>
          predict(
            3,
            list.map((row) => [row[0]!, row[at]!, 0.8] as const),
          ),
        );
        const found = comparePaired(first!, second!);
        const differences = list.map(([label, a, b]) => (a === label ? 1 : 0) - (b === label ? 1 : 0));
        const mean = differences.reduce<number>((sum, d) => sum + d, 0) / list.length;
        const variance = differences.reduce<number>((sum, d) => sum + (d - mean) ** 2, 0) / list.length;
        expect(found.difference).toBeCloseTo(100 * mean, 8);
        expect(found.standardError).toBeCloseTo(100 * Math.sqrt(variance / list.length), 6);
        expect(found.difference).toBeCloseTo(summarise(first!).top1 - summarise(second!).top1, 8);
        expect(found.agreement).toBeCloseTo(list.filter(([, a, b]) => a === b).length / list.length, 10);
        expect(found.bothRight + found.onlyFirst + found.onlySecond + found.bothWrong).toBe(list.length);
        expect(comparePaired(second!, first!).pValue).toBe(found.pValue);
      }),
    );
  });

  test("McNemar's exact p", () => {
    expect(mcnemar(0, 0)).toBe(1);
    expect(mcnemar(5, 5)).toBe(1);
    expect(mcnemar(1, 9)).toBeCloseTo((2 * (1 + 10)) / 1024, 12);
    expect(mcnemar(0, 5)).toBeCloseTo(2 / 32, 12);
    expect(mcnemar(400, 500)).toBeCloseTo(0.000956444136, 10);
    expect(mcnemar(3000, 3000)).toBe(1);
  });

  test('other images are refused', () => {
    expect(() => comparePaired(predict(3, [[0, 0, 0.5]]), predict(3, [[1, 0, 0.5]]))).toThrow(/same images/);
  });
});

test('an accuracy has no more digits than its images give it', () => {
  const answered = Array.from({ length: 5000 }, (_, i): [number, number, number] => [0, i < 3581 ? 0 : 1, 0.5]);
  expect(summarise(predict(7, answered))).toMatchObject({ top1: 71.62, top5: 100 });
});

test('for people: calibration, classes, mistakes, and which of two is better', () => {
  const found = predict(3, [
    [0, 0, 0.9],
    [0, 1, 0.9],
    [1, 1, 0.8],
    [2, 2, 0.7],
  ]);
  const text = evaluationText(summarise(found), ['cat', 'dog', 'owl'], plain);
  expect(text).toContain('over 15 bins of equal width, over-confident');
  expect(text).toContain('cat taken for dog 1 of 2 times');
  expect(text).toContain('cat 50 %');
  expect(comparisonText(comparePaired(found, found), 'a', 'b')).toContain('a minus b: +0.00 ±0.00 points');
});
