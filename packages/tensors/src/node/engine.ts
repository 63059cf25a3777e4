import { createRequire } from 'node:module';
import { tf } from '../tf.js';
import { loadSessionAddon, type SessionAddon } from './addon.js';
import { BFLOAT16_CONVOLUTIONS } from './bfloat16.js';
import { registerNativeKernels } from './kernels.js';
import {
  bindingExists,
  bindingHome,
  ENGINE_KINDS,
  type EngineKind,
  type PlacedEngine,
  readPlacedEngine,
  SETUP_COMMAND,
} from './placed-engine.js';
import { describeProcessor, oneDnnEnabled } from './processor.js';
import { quietlyLoadTensorflow } from './quiet-load.js';
import { restoreRemovedUtil } from './removed-util.js';
import { prepareTensorflowEnvironment } from './tensorflow-environment.js';

/** The engine that computes: which, why this one, and what of it changes results. */
export interface Engine {
  kind: EngineKind;
  /** The tfjs backend that is set. */
  backend: 'tensorflow' | 'cpu';
  /** Null for the plain engine. */
  tensorflowVersion: string | null;
  tfjsVersion: string;
  /** Why it is this engine, in words. */
  reason: string;
  /** Where its TensorFlow came from. */
  origin: string;
  /** 'GPU', or the processor's name. */
  device: string;
  oneDnn: boolean;
  /** What compiles programs; null when they can only run eagerly. */
  addon: SessionAddon | null;
}

interface NativeBackend {
  binding: { TF_Version: string };
  isUsingGpuDevice: boolean;
}

export interface LoadOptions {
  /** Takes this engine or none; the default is `TEMPERED_ENGINE`. */
  force?: EngineKind;
  /** The folder of the tfjs-node package to load; the default is the installed one. */
  home?: string | null;
}

/** Something forced an engine that is not there. */
export class EngineError extends Error {
  override name = 'EngineError';
}

let native: NativeBackend | null = null;
let warned = false;

/** The engine asked for by `TEMPERED_ENGINE`; null when it is left open. Throws EngineError on any other word. */
export function forcedEngine(value = process.env.TEMPERED_ENGINE): EngineKind | null {
  if (!value) return null;
  if (!ENGINE_KINDS.includes(value as EngineKind)) {
    throw new EngineError(`TEMPERED_ENGINE is '${value}'; it takes ${ENGINE_KINDS.join(', ')}`);
  }
  return value as EngineKind;
}

const KERNEL_SETTINGS = { TEMPERED_KERNELS: ['off', 'avx2'], TEMPERED_BF16: BFLOAT16_CONVOLUTIONS };

/** Throws EngineError on a word of `TEMPERED_KERNELS` or `TEMPERED_BF16` that is none: it would be taken for nothing. */
export function checkKernelSettings(env: NodeJS.ProcessEnv = process.env): void {
  for (const [name, known] of Object.entries(KERNEL_SETTINGS)) {
    const value = env[name];
    if (value && !(known as readonly string[]).includes(value))
      throw new EngineError(`${name} is '${value}'; it takes ${known.join(', ')}, or nothing`);
  }
}

/**
 * Loads the engine and makes it tfjs' backend: the TensorFlow that set-up placed beside tfjs-node's binding, else tfjs' own `cpu`
 * backend with a loud warning. Calling it again is free; a call with another `force` switches the backend.
 *
 * Throws   EngineError when an engine is forced (`force`, else `TEMPERED_ENGINE`) and is not there, and on settings that are none.
 */
export async function loadEngine({ force, home = bindingHome() }: LoadOptions = {}): Promise<Engine> {
  const forced = force ?? forcedEngine();
  checkKernelSettings();
  if (forced === 'plain') return loadPlain('it was asked for');
  const placed = readPlacedEngine(home);
  const problem = loadNative(forced, home, placed);
  if (problem !== null) {
    if (forced) throw new EngineError(`the ${forced} engine was asked for, but ${problem}`);
    warnOnce(problem);
    return loadPlain(problem);
  }
  await tf.setBackend('tensorflow');
  return describeNative(forced, placed);
}

/** Loads tfjs-node; what keeps it from loading comes back in words. */
function loadNative(forced: EngineKind | null, home: string | null, placed: PlacedEngine | null): string | null {
  if (native) return mismatch(native, forced);
  if (home === null || !bindingExists(home)) {
    const why = placed?.rejected.map(({ kind, problem }) => `${kind}: ${problem}`).join('; ');
    return why ? `set-up found no TensorFlow that works here (${why})` : `no TensorFlow is set up here; run '${SETUP_COMMAND}'`;
  }
  prepareTensorflowEnvironment();
  if (forced === 'cpu') process.env.CUDA_VISIBLE_DEVICES = '-1';
  restoreRemovedUtil();
  quietlyLoadTensorflow(home);
  try {
    createRequire(import.meta.url)(home);
  } catch (error) {
    return `TensorFlow does not load (${(error as Error).message.split('\n')[0]}); run '${SETUP_COMMAND}'`;
  }
  native = tf.findBackend('tensorflow') as unknown as NativeBackend | null;
  if (!native) return 'tfjs-node registered its backend with another copy of tfjs; keep one version of @tensorflow/tfjs installed';
  registerNativeKernels();
  return mismatch(native, forced);
}

function mismatch({ isUsingGpuDevice }: NativeBackend, forced: EngineKind | null): string | null {
  if (forced === 'cuda' && !isUsingGpuDevice) return NO_GPU;
  return forced === 'cpu' && isUsingGpuDevice ? 'this process already computes on the GPU' : null;
}

const NO_GPU = "TensorFlow sees no GPU (no driver, or not the CUDA build: set it up with 'TEMPERED_ENGINE=cuda npm run setup')";

function describeNative(forced: EngineKind | null, placed: PlacedEngine | null): Engine {
  const { isUsingGpuDevice, binding } = native!;
  const processor = describeProcessor();
  const hidden = placed?.kind === 'cuda' && !isUsingGpuDevice;
  return {
    kind: isUsingGpuDevice ? 'cuda' : 'cpu',
    backend: 'tensorflow',
    tensorflowVersion: binding.TF_Version,
    tfjsVersion: tf.version.tfjs,
    reason: forced
      ? 'it was asked for'
      : hidden
        ? 'the CUDA build is set up, but it sees no GPU'
        : (placed?.reason ?? 'a binding lies beside tfjs-node'),
    origin: placed?.origin ?? 'not recorded',
    device: isUsingGpuDevice ? 'GPU' : processor.model,
    oneDnn: oneDnnEnabled(),
    addon: loadSessionAddon(),
  };
}

async function loadPlain(reason: string): Promise<Engine> {
  await tf.setBackend('cpu');
  (tf.backend() as unknown as { firstUse: boolean }).firstUse = false; // no advertisement of tfjs-node: the warning here says more
  return {
    kind: 'plain',
    backend: 'cpu',
    tensorflowVersion: null,
    tfjsVersion: tf.version.tfjs,
    reason,
    origin: `tfjs ${tf.version.tfjs}, in JavaScript`,
    device: describeProcessor().model,
    oneDnn: false,
    addon: null,
  };
}

function warnOnce(problem: string): void {
  if (warned) return;
  warned = true;
  const line = '!'.repeat(100);
  console.warn(
    `${line}\nTempered runs on tfjs' plain JavaScript backend: results are right, but it is MANY TIMES slower.\n` +
      `Why: ${problem}.\n'npx nx run tensors:doctor' says what to do.\n${line}`,
  );
}
