import { float32 } from '@tempered/tensors/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareLogits, kendallTau } from './compare-logits.js';
import { logitBatch, permuted } from './testing/arbitraries.js';
import * as oracle from './testing/oracle.js';

const host = (rows: number[][]) => ({ values: rows.flat(), classes: rows[0]!.length });

describe('compareLogits', () => {
  test('a worked example', () => {
    const student = [
      [1, 2, 3],
      [3, 2, 1],
      [0, 4, 2],
    ];
    const teacher = [
      [2, 4, 6],
      [1, 5, 0],
      [0, 8, 4],
    ];
    const result = compareLogits(host(student), host(teacher), [2, 0, 0]);
    expect(result.student.mean).toBeNear([2, 2, 2]);
    expect(result.teacher.deviation).toBeNear([2, Math.sqrt(7), 4]);
    expect(result.top1Agreement).toBeNear(2 / 3);
    expect(result.accuracy).toEqual({ student: 2 / 3, teacher: 1 / 3 });
    // Rows: same order, one pair of three turned round, same order.
    expect(result.kendallTau).toBeNear((1 + 1 / 3 + 1) / 3);
    // Columns (1,3,0), (2,2,4) of the student correlate at -2/... and (2,1,0), (4,5,8) of the teacher.
    const correlation = (a: number[], b: number[]): number => {
      const centred = [a, b].map((v) => v.map((x) => x - oracle.mean(v))) as [number[], number[]];
      return oracle.dot(...centred) / Math.hypot(...centred[0]) / Math.hypot(...centred[1]);
    };
    expect(result.correlationDifference[1]).toBeNear(Math.abs(correlation([1, 3, 0], [2, 2, 4]) - correlation([2, 1, 0], [4, 5, 8])));
    // The mean is over the pairs of classes: a class with itself tells nothing.
    const classes = Math.sqrt(result.correlationDifference.length);
    const pairs = Array.from(result.correlationDifference).filter((_, at) => at % (classes + 1) !== 0);
    expect(result.meanCorrelationDifference).toBeNear(oracle.mean(pairs));
  });

  test('standardized twins: an affine change of each row alters mean and deviation and nothing of the order', () => {
    fc.assert(
      fc.property(logitBatch({ minRows: 2, minClasses: 3 }), float32(0.5, 4), float32(-5, 5), (batch, scale, offset) => {
        // On a grid, so that what is equal stays equal and what differs is not lost beside the offset.
        const [student, teacher] = [batch.student, batch.teacher].map((rows) =>
          rows.map((row) => row.map((z) => Math.round(z * 16) / 16)),
        ) as [number[][], number[][]];
        const moved = student.map((row) => row.map((z) => scale * z + offset));
        const [before, after] = [compareLogits(host(student), host(teacher)), compareLogits(host(moved), host(teacher))];
        expect(after.student.deviation).toBeNear(
          before.student.deviation.map((d) => scale * d),
          { absolute: 1e-9, relative: 1e-9 },
        );
        expect(after.correlationDifference).toBeNear(before.correlationDifference, { absolute: 1e-6 });
        expect(after.top1Agreement).toBe(before.top1Agreement);
      }),
    );
  });

  test('a network agrees with itself, whatever the order of images', () => {
    fc.assert(
      fc.property(logitBatch({ minRows: 2 }), fc.nat(), ({ student, teacher }, draw) => {
        const self = compareLogits(host(student), host(student));
        expect(self.top1Agreement).toBe(1);
        expect(self.meanCorrelationDifference).toBe(0);
        const shuffled = compareLogits(host(permuted(student, draw)), host(permuted(teacher, draw)));
        const plain = compareLogits(host(student), host(teacher));
        expect(shuffled.meanCorrelationDifference).toBeNear(plain.meanCorrelationDifference, { absolute: 1e-9 });
        expect(shuffled.top1Agreement).toBeNear(plain.top1Agreement);
        const swapped = compareLogits(host(teacher), host(student));
        expect(swapped.correlationDifference).toBeNear(plain.correlationDifference, { absolute: 1e-12, relative: 0 });
      }),
    );
  });

  test("Kendall's τ-b counts pairs, ties shared out", () => {
    expect(kendallTau([1, 2, 3, 4], [1, 2, 3, 4])).toBe(1);
    expect(kendallTau([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
    expect(kendallTau([1, 2, 2], [1, 2, 3])).toBeNear(2 / Math.sqrt(6));
    expect(kendallTau([1, 1], [1, 2])).toBeNaN();
  });

  test('errors name the argument', () => {
    const two = host([
      [1, 2],
      [3, 4],
    ]);
    expect(() => compareLogits(two, host([[1, 2]]))).toThrow(/differ in shape/);
    expect(() => compareLogits({ values: [1, 2, 3], classes: 2 }, { values: [1, 2, 3], classes: 2 })).toThrow(/no rows of 2/);
    expect(() => compareLogits(two, two, [0])).toThrow(/1 labels for 2 rows/);
    expect(() => compareLogits(two, two, [0, 2])).toThrow(/not a class index/);
  });
});
