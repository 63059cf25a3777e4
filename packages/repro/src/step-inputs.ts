import type { Batch } from '@tempered/data';
import type { FeatureShapes, HostInput, LossDefinition, LossOptions } from '@tempered/kd';
import { dropoutMasks, type Model } from '@tempered/models';
import type { InputSpec, Tensor, Tensor2D, Tensor4D, Values } from '@tempered/tensors';

/** The second, strongly augmented view of a batch: its pictures, and the teacher's logits of them. */
export interface StrongView {
  images: Float32Array;
  logits: Float32Array;
}

/** Where a step stands, for what the host computes anew for each. */
export interface StepPlace {
  seed: number;
  /** Counted from 1. */
  epoch: number;
  /** Counted from 0 within the epoch. */
  step: number;
  stepsPerEpoch: number;
  batch: Batch;
  /** Labels of the whole training set. */
  labels: Int32Array;
  /** Made where a run of the group asks for it. */
  strong: StrongView | null;
}

/** What a step is fed beside images, labels, rates and the teacher's outputs: as its loss and its network declare it. */
export interface ExtraInputs {
  specs: Readonly<Record<string, InputSpec>>;
  /** Whether the step trains on two views. */
  views: boolean;
  /** Everything in `specs`, a function of the place alone: a resumed run is fed the same. */
  values(place: StepPlace): Record<string, Values>;
}

const STRONG = 'strong.images';
const STRONG_TEACHER = 'strong.teacher';
const INDICES = 'indices';
const hostName = (name: string): string => `host.${name}`;

/** The views that a network is run on in a step; a dropout layer has a mask of its own on each. */
export type View = 'weak' | 'strong';
const VIEW_COUNTER: Record<View, number> = { weak: 0, strong: 1 };
const dropoutName = (view: View, layer: string): string => `dropout.${view}.${layer}`;

/** Reads off a loss and a network what a step of theirs is fed. */
export function extraInputs(
  model: Model,
  definition: LossDefinition | null,
  shapes: FeatureShapes | undefined,
  settings: LossOptions | null,
): ExtraInputs {
  const needs = new Set(definition?.needs ?? []);
  const views: View[] = needs.has('views') ? ['weak', 'strong'] : ['weak'];
  const host = shapes && settings ? (definition?.hostInputs?.(shapes, settings) ?? {}) : {};
  const { inputSize, numClasses, dropouts } = model;
  const specs: Record<string, InputSpec> = {
    ...(needs.has('indices') ? { [INDICES]: { shape: [null], dtype: 'int32' as const } } : {}),
    ...(needs.has('views')
      ? { [STRONG]: { shape: [null, inputSize, inputSize, 3] }, [STRONG_TEACHER]: { shape: [null, numClasses] } }
      : {}),
    ...Object.fromEntries(Object.entries(host).map(([name, input]) => [hostName(name), ofAnyBatch(input)])),
    ...Object.fromEntries(
      views.flatMap((view) => dropouts.map(({ name, shape }) => [dropoutName(view, name), { shape: [null, ...shape] }])),
    ),
  };
  return {
    specs,
    views: needs.has('views'),
    values({ seed, epoch, step, stepsPerEpoch, batch, labels, strong }) {
      const values: Record<string, Values> = {};
      if (needs.has('indices')) values[INDICES] = Int32Array.from(batch.indices);
      if (needs.has('views')) {
        if (!strong) throw new Error(`the loss '${definition!.name}' trains on two views, and the second one was not made`);
        values[STRONG] = strong.images;
        values[STRONG_TEACHER] = strong.logits;
      }
      if (definition?.hostValues && shapes && settings) {
        const at = { indices: Int32Array.from(batch.indices), labels, seed, step: (epoch - 1) * stepsPerEpoch + step };
        for (const [name, data] of Object.entries(definition.hostValues(at, shapes, settings))) values[hostName(name)] = data;
      }
      for (const view of dropouts.length ? views : []) {
        const masks = dropoutMasks(model, batch.count, seed, epoch, step, VIEW_COUNTER[view]);
        for (const [layer, mask] of Object.entries(masks)) values[dropoutName(view, layer)] = mask;
      }
      return values;
    },
  };
}

/** A declared input starts with the batch, and the last batch of an epoch may be smaller. */
const ofAnyBatch = ({ shape: [, ...rest], dtype }: HostInput): InputSpec => ({ shape: [null, ...rest], dtype });

/** Host inputs of a loss out of what a step is fed. */
export function hostTensors(specs: ExtraInputs['specs'], inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const prefix = hostName('');
  const names = Object.keys(specs).filter((name) => name.startsWith(prefix));
  return Object.fromEntries(names.map((name) => [name.slice(prefix.length), inputs[name]!]));
}

/** The second view out of what a step is fed. */
export const strongTensors = (inputs: Readonly<Record<string, Tensor>>): { images: Tensor4D; teacher: Tensor2D } => ({
  images: inputs[STRONG] as Tensor4D,
  teacher: inputs[STRONG_TEACHER] as Tensor2D,
});

/** The dropout masks of a view by layer, out of what a step is fed. */
export const dropoutTensors = (model: Model, view: View, inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(model.dropouts.map(({ name }) => [name, inputs[dropoutName(view, name)]!]));
