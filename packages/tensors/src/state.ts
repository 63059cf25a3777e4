import { type Scalar, type Tensor, tf } from './tf.js';

/** One step of SGD with momentum and weight decay on one parameter, by names of the state. */
export interface MomentumUpdate {
  parameter: string;
  velocity: string;
  gradient: Tensor;
  learningRate: Scalar;
  momentum: number;
  weightDecay: number;
  nesterov?: boolean;
}

/**
 * How a step function reaches the named state (weights, velocities, running statistics, a temperature) that outlives its calls.
 *
 * Every read sees the state as it was when the call began; writes take effect when it ends. The same function therefore means
 * the same thing run eagerly on any tfjs backend and as part of a compiled program.
 */
export interface StateAccess {
  /** The value of a state tensor at the beginning of the call. Throws on an unknown name. */
  read(name: string): Tensor;
  /** Replaces a state tensor at the end of the call. Throws on an unknown name or another shape. */
  assign(name: string, value: Tensor): void;
  /**
   * PyTorch's SGD, one fused op a tensor where the engine has one:
   *
   *   g' = g + weightDecay * p;  v' = momentum * v + g';  p' = p - learningRate * (nesterov ? g' + momentum * v' : v')
   */
  momentum(update: MomentumUpdate): void;
  /** Makes the whole call fail with a NotFiniteError of this name, before anything is written, where the scalar is no finite number. */
  requireFinite(name: string, value: Scalar): void;
}

/** A number that a call requires to be finite was not; the state is as it was before the call. */
export class NotFiniteError extends Error {
  override name = 'NotFiniteError';

  constructor(
    /** Which of the call's numbers. */
    readonly what: string,
    options?: ErrorOptions,
  ) {
    super(`${what} is not a finite number`, options);
  }
}

/** The arithmetic of `StateAccess.momentum` in plain tfjs ops: the new parameter and the new velocity. */
export function momentumStep(
  parameter: Tensor,
  velocity: Tensor,
  { gradient, learningRate, momentum, weightDecay, nesterov }: MomentumUpdate,
): { parameter: Tensor; velocity: Tensor } {
  const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, weightDecay));
  const newVelocity = tf.add(tf.mul(velocity, momentum), decayed);
  const direction = nesterov ? tf.add(decayed, tf.mul(newVelocity, momentum)) : newVelocity;
  return { parameter: tf.sub(parameter, tf.mul(direction, learningRate)), velocity: newVelocity };
}

/** State held as ordinary tensors, for running step functions eagerly; owns its tensors until `dispose`. */
export class EagerState implements StateAccess {
  readonly #values = new Map<string, Tensor>();
  #pending = new Map<string, Tensor>();
  #required = new Map<string, Tensor>();

  constructor(values: Record<string, Tensor>) {
    for (const [name, value] of Object.entries(values)) this.#values.set(name, tf.keep(tf.clone(value)));
  }

  read(name: string): Tensor {
    const value = this.#values.get(name);
    if (!value) throw new Error(`state has no tensor named '${name}'; it holds ${[...this.#values.keys()].slice(0, 8).join(', ')} ...`);
    return value;
  }

  assign(name: string, value: Tensor): void {
    const old = this.read(name);
    tf.util.assertShapesMatch(old.shape, value.shape, `state '${name}': `);
    this.#pending.get(name)?.dispose();
    this.#pending.set(name, tf.keep(tf.clone(value)));
  }

  momentum(update: MomentumUpdate): void {
    tf.tidy(() => {
      const next = momentumStep(this.read(update.parameter), this.read(update.velocity), update);
      this.assign(update.parameter, next.parameter);
      this.assign(update.velocity, next.velocity);
    });
  }

  requireFinite(name: string, value: Scalar): void {
    this.#required.set(name, tf.keep(tf.clone(value)));
  }

  /** Looks at what the call requires to be finite. Throws NotFiniteError for the first that is not. */
  async confirm(): Promise<void> {
    for (const [name, value] of this.#required) {
      if (!Number.isFinite((await value.data())[0]!)) throw new NotFiniteError(name);
    }
  }

  /** Ends a call: what was assigned becomes the state. */
  commit(): void {
    for (const [name, value] of this.#pending) {
      this.#values.get(name)!.dispose();
      this.#values.set(name, value);
    }
    this.#pending = new Map();
    this.#forgetRequired();
  }

  /** Ends a call that failed: what was assigned is forgotten. */
  rollback(): void {
    for (const value of this.#pending.values()) value.dispose();
    this.#pending = new Map();
    this.#forgetRequired();
  }

  #forgetRequired(): void {
    for (const value of this.#required.values()) value.dispose();
    this.#required = new Map();
  }

  names(): string[] {
    return [...this.#values.keys()];
  }

  dispose(): void {
    this.rollback();
    for (const value of this.#values.values()) value.dispose();
    this.#values.clear();
  }
}
