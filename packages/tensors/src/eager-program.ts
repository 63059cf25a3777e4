import {
  checkInputs,
  type FunctionSpecs,
  functionNamed,
  type HostTensor,
  type RunInputs,
  type RunResult,
  type StatefulProgram,
  type StateValue,
  sizeOfShape,
  type Values,
  type ValueType,
} from './functions.js';
import { EagerState } from './state.js';
import { type Tensor, tf } from './tf.js';

const tensorOf = (data: Values, shape: readonly number[], dtype: ValueType): Tensor => tf.tensor(data, [...shape], dtype);

const hostTensor = async (tensor: Tensor): Promise<HostTensor> => ({
  dtype: tensor.dtype as ValueType,
  shape: tensor.shape,
  data: (await tensor.data()) as Values,
});

/**
 * The functions of a program run op by op on whatever tfjs backend is in use: what a compiled program must agree with, and the way
 * to run it where nothing can be compiled (a browser, a machine without a compiler).
 */
export class EagerProgram<F extends FunctionSpecs = FunctionSpecs> implements StatefulProgram<F> {
  readonly #functions: F;
  readonly #state: EagerState;

  constructor({ state = {}, functions }: { state?: Readonly<Record<string, StateValue>>; functions: F }) {
    this.#functions = functions;
    const first = Object.entries(state).map(([name, value]) => {
      const tensor = 'values' in value ? tensorOf(value.values, value.shape, value.dtype ?? 'float32') : tf.clone(value);
      return [name, tensor] as const;
    });
    this.#state = new EagerState(Object.fromEntries(first));
    for (const [, tensor] of first) tensor.dispose();
  }

  async run(name: keyof F & string, inputs: RunInputs = {}): Promise<RunResult> {
    const spec = functionNamed(this.#functions, name);
    const fed = checkInputs(name, spec, inputs);
    let outputs: Record<string, Tensor> = {};
    try {
      outputs = tf.tidy(() =>
        spec.run(Object.fromEntries(fed.map((input) => [input.name, tensorOf(input.data, input.shape, input.dtype)])), this.#state),
      );
      await this.#state.confirm();
    } catch (error) {
      tf.dispose(outputs);
      this.#state.rollback();
      throw error;
    }
    this.#state.commit();
    try {
      return Object.fromEntries(
        await Promise.all(Object.entries(outputs).map(async ([output, tensor]) => [output, await hostTensor(tensor)] as const)),
      );
    } finally {
      tf.dispose(outputs);
    }
  }

  async readState(names: readonly string[] = this.stateNames()): Promise<Record<string, HostTensor>> {
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await hostTensor(this.#state.read(name))] as const)));
  }

  async writeState(values: Readonly<Record<string, Values>>): Promise<void> {
    for (const [name, data] of Object.entries(values)) {
      const { shape } = this.#state.read(name);
      if (data.length !== sizeOfShape(shape))
        throw new RangeError(`state '${name}' of shape [${shape}] needs ${sizeOfShape(shape)} values, got ${data.length}`);
    }
    tf.tidy(() => {
      for (const [name, data] of Object.entries(values)) {
        const { shape, dtype } = this.#state.read(name);
        this.#state.assign(name, tensorOf(data, shape, dtype as ValueType));
      }
    });
    this.#state.commit();
  }

  stateNames(): string[] {
    return this.#state.names();
  }

  dispose(): void {
    this.#state.dispose();
  }
}
