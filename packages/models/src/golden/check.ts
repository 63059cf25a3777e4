import { type Tensor, type Tensor4D, tf } from '@tempered/tensors';
import { goldenNumber } from '@tempered/tensors/testing';
import { foldBatchNorm } from '../fold.js';
import { torchShape } from '../layout.js';
import type { Forward, Model } from '../model.js';
import { goldenImages, goldenWeights, type ModeFixture, type ModelFixture, type NormsFixture, type TapFixture } from './fixture.js';

/** The values of a forward pass, read back, by what they are. */
export type Values = Record<string, { shape: number[]; data: Float32Array }>;

/** How a check computes a forward pass: eagerly, or compiled. */
export type Runner = (model: Model, weights: Record<string, Float32Array>, images: Float32Array, mode: Mode) => Promise<Values>;
export type Mode = 'eval' | 'train' | 'folded';

/** A forward pass under names, as a flat record of tensors: what a compiled function hands out. */
export function namedOutputs({ logits, features, statistics }: Forward): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = { logits, pooled: features.pooled };
  features.stages.forEach((stage, i) => void (outputs[`stage${i}`] = stage));
  features.preacts.forEach((preact, i) => void (outputs[`preact${i}`] = preact));
  return { ...outputs, ...statistics };
}

/** The forward pass of a mode, inside a tidy or a trace. */
export function forwardIn(model: Model, weights: Record<string, Tensor>, images: Tensor4D, mode: Mode): Record<string, Tensor> {
  if (mode === 'folded') return namedOutputs(model.forward(foldBatchNorm(model, weights), images, { training: false, folded: true }));
  return namedOutputs(model.forward(weights, images, { training: mode === 'train', dropout: 'off' }));
}

/** Computes eagerly on the backend in use. */
export const eagerly: Runner = async (model, weights, images, mode) => {
  const size = model.inputSize;
  const outputs = tf.tidy(() => {
    const tensors = Object.fromEntries(model.tensors.map(({ name, shape }) => [name, tf.tensor(weights[name]!, [...shape])]));
    return forwardIn(model, tensors, tf.tensor4d(images, [images.length / (size * size * 3), size, size, 3]), mode);
  });
  const values: Values = {};
  for (const [name, tensor] of Object.entries(outputs)) values[name] = { shape: tensor.shape, data: (await tensor.data()) as Float32Array };
  tf.dispose(outputs);
  return values;
};

/** A network as the fixtures fill it. Its passes are computed once a way, however many entries are compared with them. */
export class GoldenNetwork {
  readonly weights: Record<string, Float32Array>;
  readonly images: Float32Array;
  readonly #passes = new Map<Runner, Partial<Record<Mode, Promise<Values>>>>();

  constructor(
    readonly model: Model,
    input: ModelFixture['input'],
    seed: number,
  ) {
    this.weights = goldenWeights(model, seed);
    this.images = goldenImages(input, seed);
  }

  async pass(mode: Mode, run: Runner): Promise<Values> {
    const passes = this.#passes.get(run) ?? {};
    this.#passes.set(run, passes);
    passes[mode] ??= run(this.model, this.weights, this.images, mode);
    return await passes[mode];
  }
}

/**
 * Compares a network with its fixture in all modes; returns what differs, nothing when all agrees.
 *
 * Units    tolerance: 20 times the distance of the reference's float32 from its float64, no less than 5e-6, relative to the
 *          largest value of what is compared (README of the fixtures).
 */
export async function checkModel(network: GoldenNetwork, fixture: ModelFixture, logits: ModelFixture, run: Runner): Promise<string[]> {
  const { model } = network;
  const found: string[] = [];
  if (model.parameterCount !== fixture.params) found.push(`${model.parameterCount} parameters, not ${fixture.params}`);
  if (fixture.bnBeforeRelu && fixture.bnBeforeRelu.join() !== model.normsBeforeRelu.slice(-fixture.bnBeforeRelu.length).join()) {
    found.push(`norms before ReLU are ${model.normsBeforeRelu}, not ${fixture.bnBeforeRelu}`);
  }
  if (fixture.tensors && fixture.tensors.join() !== keysOf(model).join())
    found.push(`the state dict has ${keysOf(model)}, not ${fixture.tensors}`);
  for (const mode of ['eval', 'folded', 'train'] as const) {
    const expected = fixture[mode === 'train' ? 'train' : 'eval'];
    const values = await network.pass(mode, run);
    const report = (message: string): number => found.push(`${mode}: ${message}`);
    const tolerance = toleranceOf(expected);
    checkValues(values.logits!.data, logits[mode === 'train' ? 'train' : 'eval'].logits!, tolerance, 'logits', report);
    checkTaps(values, expected, tolerance, report);
    if (mode === 'train') checkNorms(model, values, fixture.bnAfterOneTrainForward, tolerance, report);
  }
  return found;
}

/** The keys of a model's state dict with PyTorch's shapes, as fixtures list them. */
function keysOf(model: Model): string[] {
  return model.tensors.flatMap((spec) => {
    const key = `${spec.name}:${torchShape(spec).join('x')}`;
    return spec.role === 'normVariance' ? [key, `${spec.name.slice(0, -'running_var'.length)}num_batches_tracked:`] : [key];
  });
}

const toleranceOf = ({ relErrToFloat64 }: ModeFixture): number => Math.max(20 * relErrToFloat64, 5e-6);

type Report = (message: string) => void;

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}

function near(actual: number, expected: number, limit: number, what: string, report: Report): void {
  if (!(Math.abs(actual - expected) <= limit)) report(`${what} is ${actual}, not ${expected} (allowed ${limit})`);
}

function checkValues(actual: Float32Array, expected: (number | string)[], tolerance: number, what: string, report: Report): void {
  if (actual.length !== expected.length) {
    report(`${actual.length} ${what}, not ${expected.length}`);
    return;
  }
  const numbers = expected.map(goldenNumber);
  const scale = largest(numbers);
  const differences = numbers.map((value, i) => Math.abs(actual[i]! - value) / scale);
  const worst = differences.reduce((most, value) => (value > most || Number.isNaN(value) ? value : most), 0);
  if (!(worst <= tolerance)) report(`${what} differ by ${worst} of the largest (allowed ${tolerance})`);
}

function checkTaps(values: Values, expected: ModeFixture, tolerance: number, report: Report): void {
  const ours = (prefix: string): Values[string][] => {
    const taps: Values[string][] = [];
    for (let i = 0; values[`${prefix}${i}`]; i++) taps.push(values[`${prefix}${i}`]!);
    return taps;
  };
  const pooled = expected.pooled_feat ? [] : [values.pooled!];
  const compare = (name: string, actual: Values[string][], taps: TapFixture[]): void => {
    if (actual.length !== taps.length) {
      report(`${actual.length} ${name}, not ${taps.length}`);
      return;
    }
    for (const [i, tap] of taps.entries()) checkTap(actual[i]!, tap, tolerance, `${name}[${i}]`, report);
  };
  compare('feats', [...ours('stage'), ...pooled], expected.feats);
  if (expected.preact_feats) compare('preact_feats', [...ours('preact'), ...pooled], expected.preact_feats);
  if (expected.pooled_feat) compare('pooled_feat', [values.pooled!], expected.pooled_feat);
}

function checkTap({ shape, data }: Values[string], tap: TapFixture, tolerance: number, what: string, report: Report): void {
  const [batch, channels, height, width] = tap.shape as [number, number, number?, number?];
  const expectedShape = height === undefined ? [batch, channels] : [batch, height, width, channels];
  if (shape.join() !== expectedShape.join()) {
    report(`${what} has shape [${shape}], not [${expectedShape}]`);
    return;
  }
  let sum = 0;
  for (const value of data) sum += value;
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  const limit = tolerance * largest(data);
  near(mean, tap.mean, limit, `mean of ${what}`, report);
  near(Math.sqrt(squares / data.length), tap.std, limit, `deviation of ${what}`, report);
  const places = (height ?? 1) * (width ?? 1);
  // Element i of an NCHW map lies in channel i / places; the first eight all belong to the first image.
  for (const [i, value] of tap.first8.entries()) {
    near(data[(i % places) * channels + Math.floor(i / places)]!, value, limit, `${what} element ${i}`, report);
  }
}

function checkNorms(model: Model, values: Values, expected: NormsFixture, tolerance: number, report: Report): void {
  const sum = (name: string): number => values[name]!.data.reduce((total, value) => total + value, 0);
  const total = (names: readonly string[], part: string): number => names.reduce((all, name) => all + sum(`${name}.${part}`), 0);
  const compare = (
    what: string,
    names: readonly string[],
    { runningMeanSum, runningVarSum }: { runningMeanSum: number; runningVarSum: number },
  ) => {
    const limit = tolerance * names.reduce((most, name) => most + values[`${name}.running_var`]!.data.length, 0);
    near(total(names, 'running_mean'), runningMeanSum, limit, `sum of running means, ${what}`, report);
    near(
      total(names, 'running_var'),
      runningVarSum,
      Math.max(limit, tolerance * runningVarSum),
      `sum of running variances, ${what}`,
      report,
    );
  };
  if (model.norms.length !== expected.all.count) report(`${model.norms.length} norms, not ${expected.all.count}`);
  compare(expected.first.name, [expected.first.name], expected.first);
  compare(expected.last.name, [expected.last.name], expected.last);
  compare('all', model.norms, expected.all);
}
