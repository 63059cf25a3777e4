import { type Scalar, type Tensor, type Tensor2D, tf } from '@tempered/tensors';
import { float32 } from '@tempered/tensors/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logitBatch, permuted, spread } from '../testing/arbitraries.js';
import { gradients, labelTensor, matrixTensor, read } from '../testing/evaluate.js';
import * as oracle from '../testing/oracle.js';
import kdLoss, { kd } from './kd.js';

const value = (s: number[][], t: number[][], temperature: number, standardize = false): number =>
  read(() => kd(matrixTensor(s), matrixTensor(t), { temperature, standardize }));

const affine = (rows: number[][], scale: number, offset: number): number[][] => rows.map((row) => row.map((z) => scale * z + offset));

const wellSpread = logitBatch().filter(({ student, teacher }) => spread(student) && spread(teacher));

describe('kd', () => {
  test('agrees with the float64 oracle, standardized or not', () => {
    fc.assert(
      fc.property(wellSpread, float32(0.5, 30), fc.boolean(), ({ student, teacher }, T, std) => {
        expect(value(student, teacher, T, std)).toBeNear(oracle.kd(student, teacher, T, std), { absolute: 1e-5, relative: 2e-5 });
      }),
    );
  });

  test('its gradients to student, teacher and temperature agree with the oracle', () => {
    fc.assert(
      fc.property(wellSpread, float32(1, 8), fc.boolean(), ({ student, teacher }, T, std) => {
        const k = student[0]!.length;
        const [toStudent, toTeacher, toT] = gradients(
          (s, t, temperature) => kd(s as Tensor2D, t as Tensor2D, { temperature: temperature as Scalar, standardize: std }),
          () => [matrixTensor(student), matrixTensor(teacher), tf.scalar(T)],
        );
        const limits = { absolute: 3e-4, relative: 1e-3 };
        const s = (values: number[]): number => oracle.kd(oracle.rows(values, k), teacher, T, std);
        const t = (values: number[]): number => oracle.kd(student, oracle.rows(values, k), T, std);
        expect(toStudent).toBeNear(oracle.numericGradient(s, student.flat()), limits);
        expect(toTeacher).toBeNear(oracle.numericGradient(t, teacher.flat()), limits);
        expect(toT).toBeNear(
          oracle.numericGradient(([x]) => oracle.kd(student, teacher, x!, std), [T]),
          limits,
        );
      }),
    );
  });

  test('a temperature a sample is the mean of what each sample would give alone', () => {
    fc.assert(
      fc.property(logitBatch(), float32(1, 8), ({ student, teacher }, T) => {
        const temperatures = student.map((_, n) => T + n);
        const perSample = read(() =>
          kd(matrixTensor(student), matrixTensor(teacher), { temperature: tf.tensor2d(temperatures, [student.length, 1]) }),
        );
        expect(perSample).toBeNear(oracle.kd(student, teacher, temperatures), { relative: 2e-5 });
        expect(perSample).toBeNear(oracle.mean(student.map((row, n) => value([row], [teacher[n]!], temperatures[n]!))), { relative: 2e-5 });
      }),
    );
  });

  test('is never negative, and exactly 0 where the logits are equal', () => {
    fc.assert(
      fc.property(logitBatch({ limit: 1e4 }), float32(0.1, 100), fc.boolean(), ({ student, teacher }, T, std) => {
        expect(value(student, teacher, T, std)).toBeGreaterThanOrEqual(0);
        expect(value(student, student, T, std)).toBe(0);
      }),
    );
  });

  test('standardized, it does not see a positive scale or an offset of either side', () => {
    fc.assert(
      fc.property(wellSpread, float32(0.1, 10), float32(-50, 50), ({ student, teacher }, scale, offset) => {
        const plain = value(student, teacher, 2, true);
        expect(value(affine(student, scale, offset), teacher, 2, true)).toBeNear(plain, { absolute: 1e-4 });
        expect(value(student, affine(teacher, scale, offset), 2, true)).toBeNear(plain, { absolute: 1e-4 });
        expect(value(affine(teacher, scale, offset), teacher, 2, true)).toBeNear(0, { absolute: 1e-6 });
      }),
    );
  });

  test('does not see the order of classes or of samples', () => {
    fc.assert(
      fc.property(logitBatch(), fc.nat(), fc.boolean(), ({ student, teacher }, draw, std) => {
        fc.pre(spread(student) && spread(teacher));
        const plain = value(student, teacher, 3, std);
        const classes = (rows: number[][]): number[][] => rows.map((row) => permuted(row, draw));
        expect(value(classes(student), classes(teacher), 3, std)).toBeNear(plain);
        expect(value(permuted(student, draw), permuted(teacher, draw), 3, std)).toBeNear(plain);
      }),
    );
  });

  test("the student's gradient sums to 0 over the classes", () => {
    fc.assert(
      fc.property(wellSpread, fc.boolean(), ({ student, teacher }, std) => {
        const [flat] = gradients(
          (s) => kd(s as Tensor2D, matrixTensor(teacher), { temperature: 2, standardize: std }),
          () => [matrixTensor(student)],
        );
        for (const row of oracle.rows(flat!, student[0]!.length)) expect(oracle.sum(row)).toBeNear(0, { absolute: 1e-5 });
      }),
    );
  });

  test('scaling the logits with the temperature scales the loss by its square', () => {
    fc.assert(
      fc.property(logitBatch(), float32(0.5, 4), ({ student, teacher }, factor) => {
        const scaled = value(affine(student, factor, 0), affine(teacher, factor, 0), 2 * factor);
        expect(scaled).toBeNear(factor ** 2 * value(student, teacher, 2), { absolute: 1e-5, relative: 1e-4 });
      }),
    );
  });

  test('stays finite at logits of 1e4, at T of 0.1 and 100, with constant rows', () => {
    const rows = [
      [1e4, -1e4, 0],
      [5, 5, 5],
      [-1e4, 1e4, 3],
    ];
    const other = [
      [-1e4, 1e4, 0],
      [2, 2, 2],
      [7, 7, 7],
    ];
    for (const T of [0.1, 1, 100]) {
      for (const standardize of [false, true]) {
        const [s, t] = gradients(
          (a, b) => kd(a as Tensor2D, b as Tensor2D, { temperature: T, standardize }),
          () => [matrixTensor(rows), matrixTensor(other)],
        );
        expect([value(rows, other, T, standardize), ...s!, ...t!].every(Number.isFinite)).toBe(true);
      }
    }
  });

  test('as run, standardization is the flag the wrong way round', () => {
    fc.assert(
      fc.property(wellSpread, fc.boolean(), ({ student, teacher }, standardize) => {
        const asRun = read(() => kd(matrixTensor(student), matrixTensor(teacher), { temperature: 2, standardize, asRun: true }));
        expect(asRun).toBe(value(student, teacher, 2, !standardize));
      }),
    );
  });

  test('as a term, its options say which way the flag is read', () => {
    const [s, t] = [[[1, 4, -2]], [[6, 1, -1]]];
    const term = (standardize: boolean, asRun: boolean): number =>
      read(() => {
        const context = {
          student: { logits: matrixTensor(s) },
          teacher: { logits: matrixTensor(t) },
          labels: labelTensor([0]),
          temperature: 2,
          standardize,
          trainables: {},
          buffers: {},
        };
        return kdLoss.loss(context, { ...kdLoss.defaults, asRun }) as Scalar;
      });
    expect(term(true, kdLoss.defaults.asRun)).toBe(value(s, t, 2, true));
    expect(term(true, true)).toBe(value(s, t, 2, false));
    expect(term(false, true)).toBe(value(s, t, 2, true));
  });

  test('leaks nothing', () => {
    expect(() => value([[1, 2]], [[3, 1]], 4, true)).toLeakNothing();
  });

  test('errors name the argument', () => {
    const z = (rows: number, columns: number): Tensor2D => tf.zeros([rows, columns]);
    const check = (s: Tensor, t: Tensor, temperature: number | Scalar) => () =>
      tf.tidy(() => kd(s as Tensor2D, t as Tensor2D, { temperature }));
    expect(check(z(2, 3), z(2, 4), 4)).toThrow(/kd: student \[2,3\] and teacher \[2,4\]/);
    expect(check(z(2, 3), z(3, 3), 4)).toThrow(/same shape/);
    expect(check(z(2, 1), z(2, 1), 4)).toThrow(/K >= 2/);
    expect(check(tf.zeros([3]), z(2, 3), 4)).toThrow(/kd: student must be logits/);
    expect(check(z(0, 3), z(0, 3), 4)).toThrow(/no rows/);
    for (const bad of [0, -1, Number.NaN, Infinity]) expect(check(z(2, 3), z(2, 3), bad)).toThrow(/temperature/);
    expect(check(z(2, 3), z(2, 3), tf.zeros([2]) as Scalar)).toThrow(/temperature must be a number, a scalar or \[2, 1\]/);
  });
});
