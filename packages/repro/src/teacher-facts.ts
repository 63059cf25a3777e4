import type { FeatureShapes } from '@tempered/kd';
import type { Model } from '@tempered/models';

/** The last layer of a network: logits = pooled · weight + bias. */
export interface Classifier {
  /** [pooled, classes] */
  weight: { shape: readonly number[]; values: Float32Array };
  /** [classes] */
  bias: { shape: readonly number[]; values: Float32Array };
}

type Weights = Readonly<Record<string, Float32Array>>;

/**
 * The last layer of a trained network.
 *
 * Throws   RangeError where more than one layer follows the pooled vector (VGG for ImageNet): there is no such layer then.
 */
export function classifierOf(model: Model, weights: Weights): Classifier {
  const weight = model.tensors.findLast(({ shape }) => shape.length === 2)!;
  const bias = model.tensors.find(({ name }) => name === weight.name.replace(/weight$/, 'bias'));
  if (weight.shape[0] !== model.featureShapes.pooled || !bias) {
    throw new RangeError(`${model.name}: its logits are not one layer away from the pooled vector, so it has no classifier to hand on`);
  }
  return {
    weight: { shape: weight.shape, values: weights[weight.name]! },
    bias: { shape: bias.shape, values: weights[bias.name]! },
  };
}

/** Weight and bias of the batch normalisation in front of each pre-activation tap after the stem. */
export const normsOf = (model: Model, weights: Weights): NonNullable<FeatureShapes['teacherNorms']> =>
  model.normsBeforeRelu.map((norm) => ({ gamma: weights[`${norm}.weight`]!, beta: weights[`${norm}.bias`]! }));
