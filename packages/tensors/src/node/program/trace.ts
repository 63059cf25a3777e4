import type { ProgramFunction } from '../../functions.js';
import type { MomentumUpdate, StateAccess } from '../../state.js';
import { type Scalar, type Tensor, tf } from '../../tf.js';
import type { SessionAddon } from '../addon.js';
import { type Attribute, BARRIER, DTYPES, type Graph, type TensorSignature } from './graph.js';
import { notFinite } from './not-finite.js';
import { Recording } from './recording.js';
import { type TraceBackend, underTrace } from './trace-backend.js';

const FLOAT: Attribute = { kind: 'type', value: DTYPES.float32 };
const dtypeAttribute = ({ dtype }: TensorSignature): Attribute => ({ kind: 'type', value: DTYPES[dtype] });

/** The variables of a program's state as nodes of one traced function. */
class TracedState implements StateAccess {
  readonly #reads = new Map<string, Tensor>();
  readonly #assigned = new Map<string, Tensor>();
  readonly #momenta: MomentumUpdate[] = [];
  readonly #required = new Map<string, Tensor>();

  constructor(
    private readonly signatures: Readonly<Record<string, TensorSignature>>,
    private readonly recording: Recording,
    private readonly backend: TraceBackend,
  ) {}

  read(name: string): Tensor {
    const known = this.#reads.get(name);
    if (known) return tf.clone(known);
    const signature = this.#signature(name);
    const dtype = dtypeAttribute(signature);
    const [handle] = this.recording.add('VarHandleOp', `variable/${name}`, [], {
      dtype,
      shape: { kind: 'shape', value: signature.shape },
      shared_name: { kind: 'text', value: name },
    });
    const [value] = this.recording.add('ReadVariableOp', `read/${name}`, [handle!.source], { dtype });
    const tensor = tf.keep(this.backend.tensor(value!.dataId, signature.shape, signature.dtype as 'float32'));
    this.#reads.set(name, tensor);
    return tf.clone(tensor);
  }

  assign(name: string, value: Tensor): void {
    tf.util.assertShapesMatch([...this.#signature(name).shape], value.shape, `compile: state '${name}': `);
    this.#assigned.set(name, tf.keep(tf.clone(value)));
  }

  momentum(update: MomentumUpdate): void {
    this.read(update.parameter);
    this.read(update.velocity);
    tf.util.assertShapesMatch(
      [...this.#signature(update.parameter).shape],
      update.gradient.shape,
      `compile: gradient of '${update.parameter}': `,
    );
    this.#momenta.push({
      ...update,
      gradient: tf.keep(tf.clone(update.gradient)),
      learningRate: tf.keep(tf.clone(update.learningRate)),
    });
  }

  requireFinite(name: string, value: Scalar): void {
    this.#required.set(name, tf.keep(tf.clone(value)));
  }

  /**
   * Writes the updates behind one barrier that waits for all reads, and for the checks of what has to be finite: one that fails ends
   * the run there. Returns the node that stands for all updates.
   */
  finish(): string | null {
    const { recording } = this;
    if (this.#assigned.size === 0 && this.#momenta.length === 0) return null;
    for (const name of this.#assigned.keys()) this.read(name).dispose();
    const source = (tensor: Tensor): string => recording.sourceOf(tensor.dataId, 'state update');
    const scalar = (value: number): string => source(tf.scalar(value));
    const reads = [...this.#reads.keys()].map((name) => `^read/${name}`);
    const checks = [...this.#required].map(([name, value]) => {
      const message: Attribute = { kind: 'text', value: notFinite(name) };
      recording.add('CheckNumerics', `finite/${name}`, [source(value)], { T: FLOAT, message });
      return `^finite/${name}`;
    });
    recording.add('NoOp', BARRIER, [...reads, ...checks], {});
    const updates: string[] = [];
    for (const { parameter, velocity, gradient, learningRate, momentum, weightDecay, nesterov } of this.#momenta) {
      const decayed =
        weightDecay === 0
          ? source(gradient)
          : recording.add(
              'Add', // not AddV2: the bf16 rewrite leaves this one alone
              `decayed/${parameter}`,
              [
                source(gradient),
                recording.add('Mul', `decay/${parameter}`, [`read/${parameter}:0`, scalar(weightDecay)], { T: FLOAT })[0]!.source,
              ],
              { T: FLOAT },
            )[0]!.source;
      const inputs = [`variable/${parameter}:0`, `variable/${velocity}:0`, source(learningRate), decayed, scalar(momentum), `^${BARRIER}`];
      recording.add('ResourceApplyMomentum', `update/${parameter}`, inputs, {
        T: FLOAT,
        use_locking: { kind: 'bool', value: false },
        use_nesterov: { kind: 'bool', value: nesterov ?? false },
      });
      updates.push(`^update/${parameter}`);
    }
    for (const [name, value] of this.#assigned) {
      recording.add('AssignVariableOp', `assign/${name}`, [`variable/${name}:0`, source(value), `^${BARRIER}`], {
        dtype: dtypeAttribute(this.#signature(name)),
      });
      updates.push(`^assign/${name}`);
    }
    recording.add('NoOp', 'updates_done', updates, {});
    return 'updates_done';
  }

  dispose(): void {
    for (const tensor of [...this.#reads.values(), ...this.#assigned.values(), ...this.#required.values()]) tensor.dispose();
    for (const { gradient, learningRate } of this.#momenta) tf.dispose([gradient, learningRate]);
  }

  #signature(name: string): TensorSignature {
    const signature = this.signatures[name];
    if (!signature) throw this.recording.fail('state', `there is no state named '${name}'`);
    return signature;
  }
}

/**
 * Writes down what a function does with inputs of these signatures, without computing anything: every TensorFlow op, tfjs'
 * autodiff included, with the shapes that TensorFlow infers.
 *
 * Throws   TraceError, naming function, op and mend, for what a graph cannot hold: values read back, random ops, tensors from
 *          outside, shapes that depend on values.
 */
export function trace(
  functionName: string,
  run: ProgramFunction,
  inputs: Readonly<Record<string, TensorSignature>>,
  state: Readonly<Record<string, TensorSignature>>,
  addon: SessionAddon,
): Graph {
  const native = tf.findBackend('tensorflow') as unknown as { binding: Record<string, number> };
  const recording = new Recording(functionName, addon, native.binding);
  return underTrace(recording, (backend) => {
    const fed: Record<string, Tensor> = {};
    const placeholders: Record<string, { node: string; signature: TensorSignature }> = {};
    for (const [name, signature] of Object.entries(inputs)) {
      const [output] = recording.add('Placeholder', `input/${name}`, [], {
        dtype: dtypeAttribute(signature),
        shape: { kind: 'shape', value: signature.shape },
      });
      fed[name] = backend.tensor(output!.dataId, signature.shape, signature.dtype as 'float32');
      placeholders[name] = { node: `input/${name}`, signature };
    }
    const traced = new TracedState(state, recording, backend);
    try {
      const results = run(fed, traced);
      const update = traced.finish();
      const outputs: Record<string, { source: string; signature: TensorSignature }> = {};
      for (const [name, tensor] of Object.entries(results)) {
        const signature = { dtype: tensor.dtype as TensorSignature['dtype'], shape: tensor.shape };
        const [output] = recording.add('Identity', `output/${name}`, [recording.sourceOf(tensor.dataId, `output '${name}'`)], {
          T: dtypeAttribute(signature),
        });
        outputs[name] = { source: output!.source, signature };
      }
      return { nodes: recording.nodes, inputs: placeholders, outputs, update };
    } finally {
      traced.dispose();
    }
  });
}
