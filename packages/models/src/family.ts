import type { InitScheme } from './init.js';
import type { Network } from './net.js';

/** What every variant of a family says beside its depths and widths. */
export interface VariantBase {
  /** Trainable values at the family's default number of classes. */
  parameters: number;
  /** Large or deep: `models:laws` holds it to the laws, `npm test` does not; the golden target leaves it out on tfjs' plain backend. */
  slow?: boolean;
  /** What a reader would not guess from the name, in a sentence. */
  note?: string;
}

/** One model of the registry: a network and the defaults that it is published with. */
export interface ModelEntry {
  family: string;
  scheme: InitScheme;
  numClasses: number;
  inputSize: number;
  parameters: number;
  slow: boolean;
  note?: string;
  network: Network;
}

/** Turns a family (a builder and a table of variants) into registry entries, one a variant. */
export function defineFamily<V extends VariantBase, N extends string>(family: {
  name: string;
  scheme: InitScheme;
  numClasses: number;
  inputSize: number;
  build: (variant: V) => Network;
  variants: Record<N, V>;
}): Record<N, ModelEntry> {
  const { name, scheme, numClasses, inputSize, build, variants } = family;
  const entry = (variant: V): ModelEntry => ({
    family: name,
    scheme,
    numClasses,
    inputSize,
    parameters: variant.parameters,
    slow: variant.slow ?? false,
    ...(variant.note === undefined ? {} : { note: variant.note }),
    network: build(variant),
  });
  return Object.fromEntries(Object.entries<V>(variants).map(([key, variant]) => [key, entry(variant)])) as Record<N, ModelEntry>;
}
