import { type Scalar, type Tensor2D, tf } from '@tempered/tensors';
import { float32 } from '@tempered/tensors/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { klRows } from './kl.js';
import type { Temperature } from './loss.js';
import { soften } from './soften.js';
import { standardizedKlRows } from './standardized-kl.js';
import { logitBatch, spread } from './testing/arbitraries.js';
import { gradients, matrixTensor, read } from './testing/evaluate.js';
import * as oracle from './testing/oracle.js';

type Rows = (teacher: Tensor2D, student: Tensor2D, temperature: Temperature) => Tensor2D;

const inSteps: Rows = (t, s, T) => klRows(soften(t, T, true), soften(s, T, true));

const wellSpread = logitBatch().filter(({ student, teacher }) => spread(student) && spread(teacher));

/** Gradients of a sum that weights the rows unlike, to teacher, student and one temperature a row. */
const slopes = (rows: Rows, teacher: number[][], student: number[][], T: number): number[][] =>
  gradients(
    (t, s, temperature) => {
      const value = rows(t as Tensor2D, s as Tensor2D, temperature as Tensor2D);
      return tf.sum(tf.mul(value, tf.reshape(tf.range(1, student.length + 1), [-1, 1]))) as Scalar;
    },
    () => [matrixTensor(teacher), matrixTensor(student), tf.tensor2d(student.map((_, n) => [T + n]))],
  );

describe('standardizedKlRows', () => {
  test('is the divergence of the standardized sides, value and gradients, with a temperature a sample', () => {
    fc.assert(
      fc.property(wellSpread, float32(1, 8), ({ student, teacher }, T) => {
        const fused = slopes(standardizedKlRows, teacher, student, T);
        for (const [i, exact] of slopes(inSteps, teacher, student, T).entries()) {
          expect(fused[i]).toBeNear(exact, { absolute: 1e-5, relative: 1e-4 });
        }
      }),
    );
  });

  test('keeps its digits where the distributions are nearly equal', () => {
    const teacher = [[1, -2, 3, 0.5, 4, -1]];
    const student = [teacher[0]!.map((z, k) => z + (k % 2 ? 0.3 : -0.3))];
    for (const T of [1, 10, 100]) {
      const ours = read(() => standardizedKlRows(matrixTensor(teacher), matrixTensor(student), T));
      expect(ours).toBeNear(oracle.kd(student, teacher, T, true) / T ** 2, { absolute: 0, relative: 1e-3 });
    }
  });

  test('rows far from 0 with little spread are standardized to the precision that their logits have', () => {
    const offset = 4096;
    const [teacher, student] = [[[1, 3, 2, 7]], [[2, -3, 5, 4]]].map((rows) => rows.map((row) => row.map((z) => z / 8)));
    const value = (shift: number): number =>
      read(() => standardizedKlRows(tf.add(matrixTensor(teacher!), shift) as Tensor2D, matrixTensor(student!), 2));
    expect(value(offset)).toBeNear(value(0), { relative: 1e-6 });
  });

  test('a constant row is the uniform distribution, with a finite gradient to everything', () => {
    const [flat, sloped] = [[[3, 3, 3]], [[1, 0, 2]]];
    const uniform = read(() => standardizedKlRows(matrixTensor(flat), matrixTensor(sloped), 2));
    expect(uniform).toBeNear(oracle.kd(sloped, flat, 2, true) / 4, { relative: 1e-5 });
    for (const [t, s] of [
      [flat, sloped],
      [sloped, flat],
      [flat, flat],
    ] as const) {
      const all = slopes(standardizedKlRows, t, s, 2);
      expect(all.flat().every(Number.isFinite)).toBe(true);
    }
    expect(read(() => standardizedKlRows(matrixTensor(flat), matrixTensor(flat), 2))).toBe(0);
  });
});
