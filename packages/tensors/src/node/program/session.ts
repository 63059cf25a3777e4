import { availableParallelism } from 'node:os';
import { concatBytes, intField, messageField } from '../../serialize/protobuf.js';
import { tf } from '../../tf.js';
import { type AddonFeed, type AddonTensor, loadSessionAddon, type SessionAddon } from '../addon.js';
import { BATCH_NORM_OPS } from './own-ops.js';
import { PROFILE_OPTIONS, type Profile, readProfile } from './profile.js';

export interface SessionOptions {
  /** Threads that share one op. One makes results independent of what else runs; the default is all cores. */
  intraOpThreads?: number;
  /** Ops that may run side by side; the default is 1. */
  interOpThreads?: number;
  /** 'bf16' lets TensorFlow compute convolutions and what lies between them in bfloat16; weights and sums stay float32. */
  precision?: 'f32' | 'bf16';
  /** 'tensorflow' does without our own ops, as `TEMPERED_KERNELS=off` does for the whole process. Default 'own'. */
  kernels?: 'own' | 'tensorflow';
}

/** Numbers of the fields used, of ConfigProto, GraphOptions and RewriterConfig. */
const FIELD = { intra: 2, inter: 5, perSession: 9, graphOptions: 10, rewriteOptions: 10, onednnBfloat16: 31 };
const ON = 1;

const BFLOAT16_OPS = [...BATCH_NORM_OPS, 'TemperedConvolutionKernelGradient'];

/**
 * A TensorFlow session that compiled programs live in. It can be extended while it lives, and runs are asynchronous: several may
 * be under way at once, each on one of Node's worker threads, with the event loop free.
 */
export class TensorflowSession {
  readonly options: Required<SessionOptions>;
  readonly addon: SessionAddon;
  /**
   * Our own ops that its programs may be made of: none on a GPU; in bf16 the batch norms, which take bfloat16, and the gradients of 3x3
   * kernels, which end it anyway. TensorFlow's rewrite leaves bfloat16 at all others.
   */
  readonly ownOps: readonly string[];
  #session: unknown;

  /** Throws an Error when the session addon is missing: then nothing can be compiled and everything runs eagerly. */
  constructor(options: SessionOptions = {}) {
    const addon = loadSessionAddon();
    if (!addon) throw new Error("the session addon is missing, so programs cannot be compiled: run 'nx run tensors:doctor' to see why");
    this.addon = addon;
    this.options = { intraOpThreads: availableParallelism(), interOpThreads: 1, precision: 'f32', kernels: 'own', ...options };
    const native = tf.findBackend('tensorflow') as { isUsingGpuDevice?: boolean } | null;
    const ops = native?.isUsingGpuDevice || this.options.kernels === 'tensorflow' ? [] : (addon.ops ?? []);
    this.ownOps = this.options.precision === 'bf16' ? ops.filter((op) => BFLOAT16_OPS.includes(op)) : ops;
    const rewrites = this.options.precision === 'bf16' ? [intField(FIELD.onednnBfloat16, ON)] : [];
    this.#session = addon.newSession(
      concatBytes([
        intField(FIELD.intra, this.options.intraOpThreads),
        intField(FIELD.inter, this.options.interOpThreads),
        intField(FIELD.perSession, true),
        messageField(FIELD.graphOptions, [messageField(FIELD.rewriteOptions, rewrites)]),
      ]),
    );
  }

  extend(graphDef: Uint8Array): void {
    this.addon.extend(this.#open(), graphDef);
  }

  run(feeds: AddonFeed[], fetches: string[], targets: string[]): Promise<AddonTensor[]> {
    return this.addon.run(this.#open(), feeds, fetches, targets);
  }

  /** Runs once and returns what TensorFlow says of the run: how long each op took, and the graph that it made of ours. */
  async profile(feeds: AddonFeed[], fetches: string[], targets: string[]): Promise<Profile> {
    return readProfile(await this.addon.profile(this.#open(), feeds, fetches, targets, PROFILE_OPTIONS));
  }

  /** Frees the session and every variable in it. Throws while runs are under way. */
  close(): void {
    if (this.#session === null) return;
    this.addon.close(this.#session);
    this.#session = null;
  }

  #open(): unknown {
    if (this.#session === null) throw new Error('the session is closed');
    return this.#session;
  }
}
