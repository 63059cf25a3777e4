import {
  checkInputs,
  type FunctionSpec,
  type FunctionSpecs,
  functionNamed,
  type HostTensor,
  type RunInputs,
  type RunResult,
  type StatefulProgram,
  type StateValue,
  sizeOfShape,
  type Values,
} from '../functions.js';
import { type Tensor, tf } from '../tf.js';
import type { AddonFeed } from './addon.js';
import { type Attribute, DTYPES, type Graph, type GraphDType, type GraphNode, type TensorSignature } from './program/graph.js';
import { graphDef } from './program/graph-def.js';
import { named } from './program/not-finite.js';
import { optimize, place } from './program/passes.js';
import { printGraph } from './program/print.js';
import type { Profile } from './program/profile.js';
import { type SessionOptions, TensorflowSession } from './program/session.js';
import { trace } from './program/trace.js';

export interface CompileOptions<F extends FunctionSpecs> {
  /** Named tensors that stay in TensorFlow between calls: weights, velocities, running statistics, a temperature. */
  state?: Readonly<Record<string, StateValue>>;
  functions: F;
  /** The session to live in; its owner closes it. Without one the program opens its own, with `sessionOptions`. */
  session?: TensorflowSession;
  sessionOptions?: SessionOptions;
  /** Keeps this program's state and nodes apart from others in the same session. */
  scope?: string;
}

/** What a state tensor is. */
type StateSignature = Pick<HostTensor, 'dtype' | 'shape'>;

interface Loaded {
  graph: Graph;
  /** Placeholders in the order of the declared inputs. */
  feeds: string[];
  fetches: { name: string; source: string; dtype: HostTensor['dtype'] }[];
}

let programs = 0;

function typed(dtype: GraphDType, bytes: Uint8Array): Values {
  const buffer = bytes.byteOffset % 4 ? bytes.slice().buffer : bytes.buffer;
  const offset = bytes.byteOffset % 4 ? 0 : bytes.byteOffset;
  if (dtype === 'float32') return new Float32Array(buffer, offset, bytes.byteLength / 4);
  if (dtype === 'int32') return new Int32Array(buffer, offset, bytes.byteLength / 4);
  return bytes;
}

function hostState(value: StateValue): HostTensor {
  if ('values' in value) return { dtype: value.dtype ?? 'float32', shape: value.shape, data: value.values };
  return { dtype: value.dtype as HostTensor['dtype'], shape: value.shape, data: value.dataSync() as Values };
}

/**
 * Functions over shared state, compiled into TensorFlow graphs: traced once for each signature of inputs and from then on run as
 * one call, with the state resident in the session's variables.
 */
export class Program<F extends FunctionSpecs = FunctionSpecs> implements StatefulProgram<F> {
  readonly session: TensorflowSession;
  readonly scope: string;
  readonly #functions: F;
  readonly #ownsSession: boolean;
  readonly #signatures: Record<string, StateSignature>;
  readonly #loaded = new Map<string, Loaded>();
  #disposed = false;

  private constructor(options: CompileOptions<F>) {
    this.session = options.session ?? new TensorflowSession(options.sessionOptions);
    this.#ownsSession = !options.session;
    this.scope = options.scope ?? `program${programs++}`;
    this.#functions = options.functions;
    this.#signatures = Object.fromEntries(
      Object.entries(options.state ?? {}).map(([name, value]) => [
        name,
        { dtype: (value.dtype ?? 'float32') as HostTensor['dtype'], shape: [...value.shape] },
      ]),
    );
  }

  static async create<F extends FunctionSpecs>(options: CompileOptions<F>): Promise<Program<F>> {
    const program = new Program(options);
    program.#addStateNodes();
    const values = Object.entries(options.state ?? {}).map(([name, value]) => [name, hostState(value).data] as const);
    await program.writeState(Object.fromEntries(values));
    return program;
  }

  /**
   * Runs a function: feeds inputs by name, returns outputs by name, updates the state.
   *
   * Throws   RangeError for a missing, unknown or misshapen input; TraceError when the function cannot be compiled; NotFiniteError,
   *          with the state as it was, where something that the function requires to be finite is not.
   */
  async run(name: keyof F & string, inputs: RunInputs = {}): Promise<RunResult> {
    const { loaded, feeds } = this.#prepare(name, inputs);
    const targets = loaded.graph.update ? [loaded.graph.update] : [];
    const sources = loaded.fetches.map(({ source }) => source);
    const results = await this.session.run(feeds, sources, targets).catch((error: unknown) => {
      throw named(error);
    });
    return Object.fromEntries(
      loaded.fetches.map(({ name: output, dtype }, i) => {
        const [, shape, bytes] = results[i]!;
        return [output, { dtype, shape, data: typed(dtype, bytes) }];
      }),
    );
  }

  /**
   * Runs a function once, state updates included, and returns TensorFlow's account of it: how long each op took, and the ops
   * that its own rewrites (fusions, bf16) made of the captured graph. Run it a few times before, so that nothing is measured cold.
   */
  async profile(name: keyof F & string, inputs: RunInputs = {}): Promise<Profile> {
    const { loaded, feeds } = this.#prepare(name, inputs);
    const fetches = loaded.fetches.map(({ source }) => source);
    return await this.session.profile(feeds, fetches, loaded.graph.update ? [loaded.graph.update] : []);
  }

  /** Traces and loads a function for these sizes of its open dimensions without running it. */
  load(name: keyof F & string, openSize: number): void {
    const spec = this.#spec(name);
    this.#loadedFor(
      name,
      Object.entries(spec.inputs).map(([input, { dtype = 'float32', shape }]) => [
        input,
        { dtype, shape: shape.map((size) => size ?? openSize) },
      ]),
    );
  }

  /** State tensors as plain data; all of them unless names are given. */
  async readState(names: readonly string[] = this.stateNames()): Promise<Record<string, HostTensor>> {
    for (const name of names) this.#stateSignature(name);
    const results = await this.session.run(
      [],
      names.map((name) => `${this.scope}/state/value/${name}:0`),
      [],
    );
    return Object.fromEntries(
      names.map((name, i) => {
        const { dtype, shape } = this.#signatures[name]!;
        return [name, { dtype, shape, data: typed(dtype, results[i]![2]) }];
      }),
    );
  }

  /** Replaces state tensors by name. Throws RangeError on an unknown name or a wrong number of values, before anything is written. */
  async writeState(values: Readonly<Record<string, Values>>): Promise<void> {
    const feeds = Object.entries(values).map(([name, data]): AddonFeed => {
      const { dtype, shape } = this.#stateSignature(name);
      if (data.length !== sizeOfShape(shape)) {
        throw new RangeError(`state '${name}' of shape [${shape}] needs ${sizeOfShape(shape)} values, got ${data.length}`);
      }
      return [`${this.scope}/state/new/${name}`, DTYPES[dtype], shape, data];
    });
    if (feeds.length)
      await this.session.run(
        feeds,
        [],
        Object.keys(values).map((name) => `${this.scope}/state/write/${name}`),
      );
  }

  stateNames(): string[] {
    return Object.keys(this.#signatures);
  }

  /** The captured graph of a function at this open size, as text. */
  print(name: keyof F & string, openSize = 1): string {
    const inputs = Object.entries(this.#spec(name).inputs).map(
      ([input, { dtype = 'float32', shape }]) => [input, { dtype, shape: shape.map((size) => size ?? openSize) }] as const,
    );
    return printGraph(this.#trace(name, inputs));
  }

  /** Frees what the program owns: its session, if it opened one. In a shared session the variables go when that one closes. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#ownsSession) this.session.close();
  }

  #spec(name: string): FunctionSpec {
    return functionNamed(this.#functions, name);
  }

  #stateSignature(name: string): StateSignature {
    const signature = this.#signatures[name];
    if (!signature) throw new RangeError(`the program's state has no tensor named '${name}'`);
    return signature;
  }

  #prepare(name: string, inputs: RunInputs): { loaded: Loaded; feeds: AddonFeed[] } {
    if (this.#disposed) throw new Error('the program is disposed');
    const fed = checkInputs(name, this.#spec(name), inputs);
    const loaded = this.#loadedFor(
      name,
      fed.map((input) => [input.name, input]),
    );
    const feeds = fed.map(({ data, dtype, shape }, i): AddonFeed => [loaded.feeds[i]!, DTYPES[dtype], shape, data]);
    return { loaded, feeds };
  }

  #trace(name: string, inputs: readonly (readonly [string, TensorSignature])[]): Graph {
    const { addon, own } = this.session;
    const traced = trace(name, this.#spec(name).run, Object.fromEntries(inputs), this.#signatures, addon);
    return optimize(traced, own);
  }

  #loadedFor(name: string, inputs: readonly (readonly [string, TensorSignature])[]): Loaded {
    const key = `${name} ${inputs.map(([, { shape }]) => shape.join('x')).join(' ')}`;
    const known = this.#loaded.get(key);
    if (known) return known;
    const graph = place(this.#trace(name, inputs), `${this.scope}/${name}${this.#loaded.size}`, this.scope);
    this.session.extend(graphDef(graph.nodes));
    const loaded = {
      graph,
      feeds: inputs.map(([input]) => graph.inputs[input]!.node),
      fetches: Object.entries(graph.outputs).map(([output, { source, signature }]) => ({
        name: output,
        source,
        dtype: signature.dtype as HostTensor['dtype'],
      })),
    };
    this.#loaded.set(key, loaded);
    return loaded;
  }

  /** The nodes through which state is written and read from outside. */
  #addStateNodes(): void {
    const nodes = Object.entries(this.#signatures).flatMap(([name, { dtype, shape }]): GraphNode[] => {
      const type: Attribute = { kind: 'type', value: DTYPES[dtype] };
      const dims: Attribute = { kind: 'shape', value: shape };
      const at = (part: string): string => `${this.scope}/state/${part}/${name}`;
      const sharedName: Attribute = { kind: 'text', value: `${this.scope}/${name}` };
      return [
        {
          name: at('variable'),
          op: 'VarHandleOp',
          inputs: [],
          attributes: { dtype: type, shape: dims, shared_name: sharedName },
          outputs: [],
        },
        { name: at('new'), op: 'Placeholder', inputs: [], attributes: { dtype: type, shape: dims }, outputs: [] },
        { name: at('write'), op: 'AssignVariableOp', inputs: [at('variable'), at('new')], attributes: { dtype: type }, outputs: [] },
        { name: at('value'), op: 'ReadVariableOp', inputs: [at('variable')], attributes: { dtype: type }, outputs: [] },
      ];
    });
    if (nodes.length) this.session.extend(graphDef(nodes));
  }
}

/**
 * Compiles functions made of tfjs ops, autodiff included, into a TensorFlow program over resident state.
 *
 * A function is traced at its first call with a new size of its inputs; JavaScript numbers inside it become constants, so what
 * changes between calls (learning rate, temperature, weights of a loss) has to be an input.
 *
 * Throws   Error when the session addon is missing (`loadSessionAddon() === null`): run the functions eagerly then.
 */
export function compile<F extends FunctionSpecs>(options: CompileOptions<F>): Promise<Program<F>> {
  return Program.create(options);
}

/**
 * A tensor from outside that a compiled function shall contain as it is now. In a function that runs eagerly it is just that
 * tensor; without it, tracing refuses tensors that are neither inputs nor state.
 */
export function constant<T extends Tensor>(tensor: T): T {
  const { state } = tf.engine() as unknown as { state: { tensorInfo: WeakMap<object, { backend: { readSync(id: object): Values } }> } };
  const owner = state.tensorInfo.get(tensor.dataId)?.backend;
  if (!owner || owner === (tf.backend() as unknown)) return tf.clone(tensor);
  return tf.tensor(owner.readSync(tensor.dataId), tensor.shape, tensor.dtype) as T;
}
