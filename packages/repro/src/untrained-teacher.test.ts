import { syntheticImages } from '@tempered/data';
import { type Tensor4D, tf } from '@tempered/tensors';
import { expect, test } from 'vitest';
import { groupThreads } from './session-plan.js';
import { untrainedTeacher } from './untrained-teacher.js';

const { train } = syntheticImages({ classes: 10, trainPerClass: 2, testPerClass: 1 });

test('the features of an untrained teacher are of the size of a trained one, however deep it is', async () => {
  const { teacher, measured } = await untrainedTeacher('resnet56', train, groupThreads(1));
  expect(measured).toEqual({ name: 'resnet56', top1: 10, sha256: 'untrained' });
  const largest = (weights: Readonly<Record<string, Float32Array>>): number =>
    tf.tidy(() => {
      const live = Object.fromEntries(teacher.model.tensors.map(({ name, shape }) => [name, tf.tensor(weights[name]!, [...shape])]));
      const images = tf.randomNormal([8, 32, 32, 3], 0, 1, 'float32', 1) as Tensor4D;
      const { stages } = teacher.model.forward(live, images, { training: false }).features;
      return Math.max(...stages.map((stage) => tf.max(tf.abs(stage)).dataSync()[0]!));
    });
  expect(largest(teacher.weights)).toBeLessThan(100);
  expect(largest(teacher.model.init(0))).toBeGreaterThan(1000);
});

test('it comes out the same each time, so that a smoke run resumes to the bit', async () => {
  const [one, two] = [
    await untrainedTeacher('resnet14', train, groupThreads(2)),
    await untrainedTeacher('resnet14', train, groupThreads(1)),
  ];
  expect(one.teacher.weights).toEqual(two.teacher.weights);
});
