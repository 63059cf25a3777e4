import type { FlatInputs } from './loss-step.js';

type Values = FlatInputs[string]['values'];

/** Does the first dimension of this input count the images of the batch? */
const ofTheBatch = (key: string): boolean => /^(features\/(student|teacher)\.|int\/|host\/)/.test(key);

/** Does the last dimension of this input count classes? */
const ofTheClasses = (key: string): boolean => /^features\/(\w+\.(logits|strong)|classifier\.(weight|bias))$/.test(key);

/** Rows (slices of the first dimension) taken in the given order. */
function rowsOf({ shape, values }: FlatInputs[string], order: readonly number[]): FlatInputs[string] {
  const width = values.length / shape[0]!;
  const taken = order.flatMap((row) => Array.from(values.subarray(row * width, (row + 1) * width)));
  return { shape: [order.length, ...shape.slice(1)], values: like(values, taken) };
}

const like = (values: Values, numbers: number[]): Values =>
  values instanceof Int32Array ? Int32Array.from(numbers) : Float32Array.from(numbers);

/** Values with the entries of the last dimension in the given order. */
export function columnsOf(values: ArrayLike<number>, order: readonly number[]): number[] {
  return Array.from(values, (_, i) => values[i - (i % order.length) + order[i % order.length]!]!);
}

const changed = (inputs: FlatInputs, change: (key: string, input: FlatInputs[string]) => FlatInputs[string]): FlatInputs =>
  Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, change(key, input)]));

/** The images of a batch in the given order, or some of them. */
export const withImages =
  (order: readonly number[]) =>
  (inputs: FlatInputs): FlatInputs =>
    changed(inputs, (key, input) => (ofTheBatch(key) ? rowsOf(input, order) : input));

/** The classes in the given order: logits, labels and the teacher's classifier. */
export const withClasses =
  (order: readonly number[]) =>
  (inputs: FlatInputs): FlatInputs =>
    changed(inputs, (key, input) => {
      if (key === 'int/labels') return { ...input, values: input.values.map((label) => order.indexOf(label)) as Values };
      return ofTheClasses(key) ? { ...input, values: like(input.values, columnsOf(input.values, order)) } : input;
    });

/** What the networks bring, put through a function of the value and its place. */
export const withFeatures =
  (f: (value: number, i: number, key: string) => number) =>
  (inputs: FlatInputs): FlatInputs =>
    changed(inputs, (key, input) =>
      /^features\/(student|teacher)\./.test(key) ? { ...input, values: input.values.map((value, i) => f(value, i, key)) as Values } : input,
    );
