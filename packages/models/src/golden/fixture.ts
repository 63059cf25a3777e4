import { hashedValues } from '@tempered/tensors/testing';
import { fromTorch } from '../layout.js';
import { type Model, sizeOf } from '../model.js';
import type { TensorSpec } from '../shape-net.js';

/** A tap as the fixtures describe it: NCHW shape, mean and deviation over all elements, the first eight values. */
export interface TapFixture {
  shape: number[];
  mean: number;
  std: number;
  first8: number[];
}

export interface ModeFixture {
  logits?: number[];
  feats: TapFixture[];
  preact_feats?: TapFixture[];
  pooled_feat?: TapFixture[];
  relErrToFloat64: number;
}

interface NormFixture {
  runningMeanSum: number;
  runningVarSum: number;
}

export interface NormsFixture {
  first: NormFixture & { name: string };
  last: NormFixture & { name: string };
  all: NormFixture & { count: number };
}

export interface ModelFixture {
  classes: number;
  input: [number, number, number, number];
  params: number;
  /** `name:shape`, in state-dict order; left out when another entry has the same. */
  tensors?: string[];
  sameTensorsAs?: string;
  sameLogitsAs?: string;
  bnBeforeRelu?: string[];
  stageChannels?: number[];
  bnAfterOneTrainForward: NormsFixture;
  eval: ModeFixture;
  train: ModeFixture;
}

export interface ModelsFile {
  seed: number;
  ctkd: Record<string, ModelFixture>;
  mdistiller_cifar: Record<string, ModelFixture>;
  mdistiller_imagenet: Record<string, ModelFixture>;
}

/** How a fixture fills a tensor: weights by their fan-in, everything else around 0 or 1. */
function hashed(spec: TensorSpec, stream: number): Float32Array {
  const count = sizeOf(spec.shape);
  switch (spec.role) {
    case 'weight':
      return hashedValues(stream, count, Math.sqrt((3 * spec.shape[spec.shape.length - 1]!) / count));
    case 'normScale':
    case 'normVariance':
      return hashedValues(stream, count, 0.2, 1);
    default:
      return hashedValues(stream, count, 0.1);
  }
}

/** The weights of a model as the fixtures hash them: stream = seed * 100000 + `shift` + place of the key in PyTorch's state dict. */
export function goldenWeights(model: Model, seed: number, shift = 0): Record<string, Float32Array> {
  const weights: Record<string, Float32Array> = {};
  let place = 0;
  for (const spec of model.tensors) {
    weights[spec.name] = fromTorch(spec, hashed(spec, seed * 100_000 + shift + place));
    // The counter of a batch normalisation takes a place of its own, right behind the running variance.
    place += spec.role === 'normVariance' ? 2 : 1;
  }
  return weights;
}

/** The images of a model's fixture in memory order NHWC. */
export function goldenImages([batch, channels, height, width]: readonly [number, number, number, number], seed: number): Float32Array {
  return toChannelsLast(hashedValues(seed * 100_000 + 90_000, batch * channels * height * width, 2), batch, channels, height * width);
}

/** NCHW to NHWC. */
export function toChannelsLast(values: Float32Array, batch: number, channels: number, places: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let n = 0, at = 0; n < batch; n++) {
    for (let place = 0; place < places; place++)
      for (let c = 0; c < channels; c++) out[at++] = values[(n * channels + c) * places + place]!;
  }
  return out;
}
