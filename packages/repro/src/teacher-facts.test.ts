import { createModel } from '@tempered/models';
import { type Tensor2D, type Tensor4D, tf } from '@tempered/tensors';
import { expect, test } from 'vitest';
import { classifierOf, normsOf } from './teacher-facts.js';

test.each(['resnet8', 'vgg8', 'wrn_16_1', 'ShuffleV1'] as const)('the classifier of %s gives its logits from its pooled vector', (name) => {
  const model = createModel(name, { numClasses: 7 });
  const weights = model.init(3);
  const { weight, bias } = classifierOf(model, weights);
  tf.tidy(() => {
    const tensors = Object.fromEntries(model.tensors.map(({ name: key, shape }) => [key, tf.tensor(weights[key]!, [...shape])]));
    const { logits, features } = model.forward(tensors, tf.randomNormal([2, 32, 32, 3], 0, 1, 'float32', 1) as Tensor4D, {
      training: false,
    });
    const read = tf.add(tf.matMul(features.pooled, tf.tensor2d(weight.values, weight.shape as [number, number])), bias.values);
    expect((read as Tensor2D).dataSync()).toBeNear(logits.dataSync(), { relative: 1e-4, absolute: 1e-4 });
  });
});

test('a network with several layers behind the pooled vector has no classifier to hand on', () => {
  const model = createModel('vgg11_imagenet', { numClasses: 7, inputSize: 32 });
  expect(() => classifierOf(model, {})).toThrow(/not one layer away/);
});

test('a batch normalisation for each pre-activation tap after the stem', () => {
  const model = createModel('resnet20', { numClasses: 7 });
  const weights = model.init(0);
  const norms = normsOf(model, weights);
  expect(norms.map(({ gamma }) => gamma.length)).toEqual(model.featureShapes.preacts.slice(1).map((shape) => shape[2]));
  expect(norms.at(-1)!.beta).toBe(weights['layer3.2.bn2.bias']);
});
