import { type Scalar, type Tensor2D, type Tensor3D, tf } from '@tempered/tensors';
import { expect, test } from 'vitest';
import { plain } from '../testing/agreement.js';
import { gram } from './gram.js';

const x = (): Tensor3D => tf.tensor3d(plain(1, [2, 3, 4]).values, [2, 3, 4]);

test.each(['rows', 'columns'] as const)('%s: products and gradient are those of autodiff, batched too', (of) => {
  const product = (a: Tensor3D): Tensor3D => tf.matMul(a, a, of === 'columns', of === 'rows');
  const size = of === 'rows' ? 3 : 4;
  // Weights that are not symmetric, so that a gradient of one factor alone would show.
  const weights = tf.tensor3d(plain(2, [2, size, size]).values, [2, size, size]);
  const graded = (f: (a: Tensor3D) => Tensor3D) => tf.grad((a) => tf.sum(tf.mul(f(a as Tensor3D), weights)) as Scalar)(x());
  expect(gram(x(), of).shape).toEqual([2, size, size]);
  expect(gram(x(), of).dataSync()).toBeNear(product(x()).dataSync());
  expect(graded((a) => gram(a, of)).dataSync()).toBeNear(graded(product).dataSync());
});

test('of a matrix: inner products of its rows unless told otherwise', () => {
  const matrix: Tensor2D = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  expect([...gram(matrix).dataSync()]).toEqual([5, 11, 11, 25]);
  expect([...gram(matrix, 'columns').dataSync()]).toEqual([10, 14, 14, 20]);
});
