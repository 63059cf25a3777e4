/** Our own ops (native/kernels.h), as far as a session may use them. */
export interface OwnOps {
  ops: readonly string[];
  /** Threads that share one op. */
  threads: number;
}
