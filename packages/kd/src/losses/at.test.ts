import { type Tensor4D, tf } from '@tempered/tensors';
import { describe, expect, test } from 'vitest';
import { expectAgreement, plain } from '../testing/agreement.js';
import { gradients, read } from '../testing/evaluate.js';
import * as oracle from '../testing/oracle.js';
import { at } from './at.js';

const shapes = { s0: [2, 4, 4, 2], s1: [2, 2, 2, 3], t0: [2, 4, 4, 3], t1: [2, 3, 3, 2] };
const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, plain(10 + i, shape, 1, 0.2)]));
const map = (name: keyof typeof shapes, values: number[]): oracle.Maps => oracle.mapsOf(values, shapes[name]);

describe('at', () => {
  test('agrees with the float64 oracle over stages of different sizes, for even and odd p', () => {
    for (const p of [1, 2, 3]) {
      expectAgreement(
        inputs,
        ({ s0, s1, t0, t1 }) => at([s0, s1] as Tensor4D[], [t0, t1] as Tensor4D[], { p }),
        ({ s0, s1, t0, t1 }) => oracle.at([map('s0', s0!), map('s1', s1!)], [map('t0', t0!), map('t1', t1!)], p),
        { wrt: ['s0', 's1'] },
      );
    }
  });

  test('is 0 between equal maps and does not see their scale or the order of channels', () => {
    const x = plain(3, [2, 3, 3, 4]);
    const tensor = (): Tensor4D => tf.tensor4d(x.values, [2, 3, 3, 4]);
    expect(read(() => at([tensor()], [tensor()]))).toBe(0);
    expect(read(() => at([tf.mul(tensor(), 7)], [tensor()]))).toBeNear(0, { absolute: 1e-12 });
    expect(read(() => at([tf.reverse(tensor(), 3)], [tensor()]))).toBeNear(0, { absolute: 1e-12 });
    expect(read(() => at([tf.reverse(tensor(), 1)], [tensor()]))).toBeGreaterThan(1e-4);
  });

  test('a map of zeros keeps value and gradient finite', () => {
    const [s] = gradients(
      (x) => at([x as Tensor4D], [tf.ones([1, 2, 2, 2])]),
      () => [tf.zeros([1, 2, 2, 2])],
    );
    expect(s!.every(Number.isFinite)).toBe(true);
  });

  test('errors name the argument, and nothing leaks', () => {
    const ones = (...shape: [number, number, number, number]): Tensor4D => tf.ones(shape);
    for (const p of [0, 1.5, Number.NaN]) {
      expect(() => tf.tidy(() => at([ones(1, 2, 2, 1)], [ones(1, 2, 2, 1)], { p }))).toThrow(/at: p must be a whole number above 0/);
    }
    expect(() => tf.tidy(() => at([ones(1, 2, 2, 1)], []))).toThrow(/at: the student's 1 stages and the teacher's 0 must pair up/);
    expect(() => tf.tidy(() => at([ones(1, 2, 2, 1)], [ones(2, 2, 2, 1)]))).toThrow(/at, stage 0: .* same batch/);
    expect(() => tf.tidy(() => at([tf.ones([2, 2]) as unknown as Tensor4D], [ones(2, 2, 2, 1)]))).toThrow(/must be maps/);
    expect(() => read(() => at([ones(1, 4, 4, 1)], [ones(1, 2, 2, 1)]))).toLeakNothing();
  });
});
