import type { Values } from '../../functions.js';
import type { DataType } from '../../tf.js';
import type { SessionAddon } from '../addon.js';
import type { OpAttribute } from '../kernels.js';
import { type Attribute, DTYPES, type GraphDType, type GraphNode, type TensorSignature } from './graph.js';
import { ShapeInference } from './shape-inference.js';

/** A tensor that a recorded op yields. */
export interface RecordedTensor {
  dataId: object;
  source: string;
  signature: TensorSignature;
}

/** Why a function cannot be traced; names the function, the op and the mend. */
export class TraceError extends Error {
  override name = 'TraceError';
}

/** The op whose outputs from this one on are notes to its own gradient, of a size that nobody but TensorFlow knows. */
const RESERVED_OUTPUTS: Readonly<Record<string, number>> = { FusedBatchNormV3: 3 };

const RANDOM_SCOPES = /^(random|truncatedNormal|multinomial|dropout|rand$)/;
const RANDOM_OPS = /^(Random|Multinomial|ParameterizedTruncatedNormal|StatelessRandom|TruncatedNormal|Stateful)/;

const dtypeNames = new Map<number, GraphDType>(Object.entries(DTYPES).map(([name, number]) => [number, name as GraphDType]));

function literalBytes(values: ArrayLike<number>, dtype: GraphDType): Uint8Array {
  const typed = dtype === 'float32' ? Float32Array.from(values) : dtype === 'int32' ? Int32Array.from(values) : Uint8Array.from(values);
  return new Uint8Array(typed.buffer);
}

/** An attribute as the binding's kernels give it, in the graph's terms. */
function convertAttribute(
  binding: Record<string, number>,
  { name, type, value }: OpAttribute,
  fail: (why: string) => TraceError,
): Attribute {
  const list = Array.isArray(value);
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return list ? { kind: 'types', value: value as number[] } : { kind: 'type', value: value as number };
    case binding.TF_ATTR_INT:
      return list ? { kind: 'ints', value: value as number[] } : { kind: 'int', value: value as number };
    case binding.TF_ATTR_FLOAT:
      return list ? { kind: 'floats', value: value as number[] } : { kind: 'float', value: value as number };
    case binding.TF_ATTR_BOOL:
      return list ? { kind: 'bools', value: value as boolean[] } : { kind: 'bool', value: Boolean(value) };
    case binding.TF_ATTR_STRING:
      return list ? { kind: 'texts', value: value as string[] } : { kind: 'text', value: value as string };
    case binding.TF_ATTR_SHAPE:
      return { kind: 'shape', value: value as number[] };
    default:
      throw fail(`attribute ${name} is of a kind that graphs do not carry`);
  }
}

/**
 * What a function does while it is traced: a list of TensorFlow ops with the shapes that TensorFlow itself infers for them.
 * Numbers written in the function (paddings, axes, factors) become constants; tensors from outside do not.
 */
export class Recording {
  readonly nodes: GraphNode[] = [];
  readonly #inference: ShapeInference;
  readonly #sources = new Map<object, RecordedTensor>();
  readonly #literals = new Map<object, TensorSignature & { bytes: Uint8Array }>();
  readonly #names = new Set<string>();

  constructor(
    readonly functionName: string,
    readonly addon: SessionAddon,
    readonly binding: Record<string, number>,
  ) {
    this.#inference = new ShapeInference(addon);
  }

  /** Adds a node and returns its outputs; TensorFlow checks it and infers their shapes. */
  add(op: string, name: string, inputs: readonly string[], attributes: Record<string, Attribute>): RecordedTensor[] {
    const unique = this.#names.has(name) ? `${name}_${this.nodes.length}` : name;
    this.#names.add(unique);
    const bare = { name: unique, op, inputs, attributes, outputs: [] };
    let rows: number[][];
    try {
      rows = this.#inference.outputsOf(bare);
    } catch (error) {
      throw this.fail(op, (error as Error).message);
    }
    const outputs = rows.map(([dtype, ...shape]) => {
      const named = dtypeNames.get(dtype!);
      return { dtype: named ?? ('resource' as GraphDType), shape };
    });
    const node = { ...bare, outputs };
    this.nodes.push(node);
    this.#inference.keep(node);
    return outputs.map((signature, i) => {
      const recorded = { dataId: {}, source: `${unique}:${i}`, signature };
      this.#sources.set(recorded.dataId, recorded);
      return recorded;
    });
  }

  /** Records a TensorFlow op as tfjs-node's kernels ask for it. */
  execute(op: string, attributes: OpAttribute[], inputs: object[]): RecordedTensor[] {
    if (RANDOM_OPS.test(op)) throw this.randomOp(op);
    const sources = inputs.map((dataId) => this.sourceOf(dataId, op));
    const converted = Object.fromEntries(
      attributes.map((attribute) => [attribute.name, convertAttribute(this.binding, attribute, (why) => this.fail(op, why))]),
    );
    // The same sum for numbers; only AddV2 has fast and bf16 kernels everywhere.
    const outputs = this.add(op === 'Add' ? 'AddV2' : op, `${op}_${this.nodes.length}`, sources, converted);
    return outputs.map((output, i) => {
      if (output.signature.shape.some((size) => size < 0)) {
        if (i >= (RESERVED_OUTPUTS[op] ?? Infinity)) return { ...output, signature: { ...output.signature, shape: [0] } };
        throw this.fail(
          op,
          'the shape of its result depends on values, which a compiled program does not know; use a masked form of fixed shape',
        );
      }
      if (output.signature.dtype !== 'int64') return output;
      // tfjs knows no int64 and calls such a result int32.
      return this.add('Cast', `${op}_int32_${this.nodes.length}`, [output.source], {
        SrcT: { kind: 'type', value: DTYPES.int64 },
        DstT: { kind: 'type', value: DTYPES.int32 },
      })[0]!;
    });
  }

  /** Remembers values that the function itself makes out of JavaScript numbers. */
  literal(dataId: object, values: ArrayLike<number>, shape: readonly number[], dtype: DataType, scopes: readonly string[]): void {
    const random = scopes.find((scope) => RANDOM_SCOPES.test(scope));
    if (random) throw this.randomOp(random);
    if (!(dtype in DTYPES)) throw this.fail('tensor', `a tensor of ${dtype} cannot be part of a compiled program`);
    const known = dtype as GraphDType;
    this.#literals.set(dataId, { dtype: known, shape: [...shape], bytes: literalBytes(values, known) });
  }

  /** 'node:output' of a tensor of this trace; makes the node of a literal on its first use. */
  sourceOf(dataId: object, op: string): string {
    const recorded = this.#sources.get(dataId);
    if (recorded) return recorded.source;
    const literal = this.#literals.get(dataId);
    if (!literal) throw this.foreignTensor(op);
    const [output] = this.add('Const', `Const_${this.nodes.length}`, [], {
      dtype: { kind: 'type', value: DTYPES[literal.dtype] },
      value: { kind: 'tensor', value: literal },
    });
    this.#sources.set(dataId, output!);
    return output!.source;
  }

  fail(op: string, why: string): TraceError {
    return new TraceError(`compile: function '${this.functionName}', op ${op}: ${why}`);
  }

  foreignTensor(op = 'tensor'): TraceError {
    return this.fail(
      op,
      'a tensor from outside the function is used. Declare it as an input or as state, or wrap it in constant() if it shall be baked in',
    );
  }

  /** The values of a literal; undefined for anything that is computed. */
  literalValues(dataId: object): Values | undefined {
    const literal = this.#literals.get(dataId);
    if (!literal) return undefined;
    const { buffer } = literal.bytes.slice();
    return literal.dtype === 'float32'
      ? new Float32Array(buffer)
      : literal.dtype === 'int32'
        ? new Int32Array(buffer)
        : new Uint8Array(buffer);
  }

  refuseRead(scopes: readonly string[]): never {
    const op =
      [...scopes].reverse().find((scope) => /^[a-z]\w*$/i.test(scope) && scope !== 'forward' && scope !== 'backward') ?? 'dataSync';
    throw this.fail(
      op,
      'the values of a tensor are read back into JavaScript (dataSync, arraySync, data, or a branch on a value), and while tracing it has none. ' +
        'Compute with tensors instead: tf.where for a branch, or return the tensor as an output and read that',
    );
  }

  randomOp(op: string): TraceError {
    return this.fail(
      op,
      'random numbers would be drawn once and stay the same in every call. Make them an input (a dropout mask, say) and draw them outside',
    );
  }
}
