import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bindingHome } from './placed-engine.js';
import { prepareTensorflowEnvironment } from './tensorflow-environment.js';

/** One fetched tensor: TensorFlow's number of its type, its shape, its bytes. */
export type AddonTensor = [dtype: number, shape: number[], bytes: Uint8Array];
/** One fed tensor: the placeholder's name, type number, shape and values. */
export type AddonFeed = [name: string, dtype: number, shape: readonly number[], values: ArrayBufferView];

/** The compiled addon (native/session.cc): TensorFlow graphs and sessions on its C API, and our own kernels. */
export interface SessionAddon {
  /** Names of our own ops (native/kernels.h) that TensorFlow took; an addon from before they were written has none. */
  ops?: readonly string[];
  /** What of them decides the digits of results: a version and an instruction set; empty where there are none. */
  kernels?: string;
  newGraph(): unknown;
  addNode(graph: unknown, graphDef: Uint8Array, name: string, inputs: string[]): number[][];
  newSession(configProto: Uint8Array): unknown;
  extend(session: unknown, graphDef: Uint8Array): void;
  run(session: unknown, feeds: AddonFeed[], fetches: string[], targets: string[]): Promise<AddonTensor[]>;
  /** The same run, and TensorFlow's account of it: a serialized RunMetadata. */
  profile(session: unknown, feeds: AddonFeed[], fetches: string[], targets: string[], runOptions: Uint8Array): Promise<Uint8Array>;
  close(session: unknown): void;
}

let loaded: SessionAddon | null | undefined;
let problem: string | null = null;

/** The session addon that set-up compiled beside tfjs-node's binding; null where it is missing or the plain engine is forced. */
export function loadSessionAddon(): SessionAddon | null {
  if (process.env.TEMPERED_ENGINE === 'plain') return null;
  if (loaded !== undefined) return loaded;
  try {
    const home = bindingHome();
    if (home === null) throw new Error('@tensorflow/tfjs-node-gpu is not installed');
    prepareTensorflowEnvironment();
    loaded = createRequire(import.meta.url)(join(home, 'lib', 'napi-v8', 'tempered_session.node')) as SessionAddon;
  } catch (error) {
    problem = (error as Error).message.split('\n')[0]!;
    loaded = null;
  }
  return loaded;
}

/** Why `loadSessionAddon` returned null, for people; null when it has not failed. */
export function addonProblem(): string | null {
  return problem;
}
