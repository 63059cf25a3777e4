import { availableParallelism } from 'node:os';
import { concatBytes, intField, messageField } from '../../serialize/protobuf.js';
import { tf } from '../../tf.js';
import { type AddonFeed, type AddonTensor, loadSessionAddon, type SessionAddon } from '../addon.js';
import { bfloat16Convolutions } from '../bfloat16.js';
import { BATCH_NORM_OPS, CONVOLUTION_OPS, type OwnOps } from './own-ops.js';
import { PROFILE_OPTIONS, type Profile, readProfile } from './profile.js';

export interface SessionOptions {
  /** Threads that share one op. One makes results independent of what else runs; the default is all cores. */
  intraOpThreads?: number;
  /** Ops that may run side by side; the default is 1. */
  interOpThreads?: number;
  /**
   * 'bf16': convolutions and what lies between them read and write bfloat16; weights, statistics and losses stay float32. TensorFlow's do so where
   * the processor multiplies it; elsewhere ours do and compute in float32, and convolutions that are not ours stay float32 (`bfloat16Convolutions`).
   */
  precision?: 'f32' | 'bf16';
  /** 'tensorflow' does without our own ops, as `TEMPERED_KERNELS=off` does for the whole process. Default 'own'. */
  kernels?: 'own' | 'tensorflow';
}

/** Numbers of the fields used, of ConfigProto, GraphOptions and RewriterConfig. */
const FIELD = { intra: 2, inter: 5, perSession: 9, graphOptions: 10, rewriteOptions: 10, onednnBfloat16: 31 };
const ON = 1;

/** Our own ops that TensorFlow's bfloat16 has a use for: batch norms take it, and the gradients of kernels end it anyway. */
const AMONG_BFLOAT16: readonly string[] = [...BATCH_NORM_OPS, CONVOLUTION_OPS.filtering.kernelGradient];

/**
 * A TensorFlow session that compiled programs live in. It can be extended while it lives, and runs are asynchronous: several may
 * be under way at once, each on one of Node's worker threads, with the event loop free.
 */
export class TensorflowSession {
  readonly options: Required<SessionOptions>;
  readonly addon: SessionAddon;
  /** Our own ops that its programs may be made of: none on a GPU. */
  readonly own: OwnOps;
  #session: unknown;

  /**
   * Throws an Error when the session addon is missing: then nothing can be compiled and everything runs eagerly. Also for bf16 by our own
   * convolutions where there are none.
   */
  constructor(options: SessionOptions = {}) {
    const addon = loadSessionAddon();
    if (!addon) throw new Error("the session addon is missing, so programs cannot be compiled: run 'nx run tensors:doctor' to see why");
    this.addon = addon;
    this.options = { intraOpThreads: availableParallelism(), interOpThreads: 1, precision: 'f32', kernels: 'own', ...options };
    const native = tf.findBackend('tensorflow') as { isUsingGpuDevice?: boolean } | null;
    const ops = native?.isUsingGpuDevice || this.options.kernels === 'tensorflow' ? [] : (addon.ops ?? []);
    const tensorflowBfloat16 = this.options.precision === 'bf16' && bfloat16Convolutions() === 'tensorflow';
    this.own = {
      ops: tensorflowBfloat16 ? ops.filter((op) => AMONG_BFLOAT16.includes(op)) : ops,
      threads: this.options.intraOpThreads,
      tensorflowBfloat16,
    };
    const missing = !native?.isUsingGpuDevice && !this.own.ops.includes(CONVOLUTION_OPS.filtering.forward);
    if (this.options.precision === 'bf16' && !tensorflowBfloat16 && missing)
      throw new Error(
        'bf16 is computed by our own convolutions on this processor, and this session has none: TEMPERED_BF16=tensorflow has it computed by TensorFlow, many times slower',
      );
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
