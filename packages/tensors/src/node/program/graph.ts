/** TensorFlow's numbers for the data types that programs use. */
export const DTYPES = { float32: 1, int32: 3, bool: 10, int64: 9 } as const;
export type GraphDType = keyof typeof DTYPES;

/** What a tensor in a graph is: no values, only its type and shape. */
export interface TensorSignature {
  dtype: GraphDType;
  shape: readonly number[];
}

/** An attribute of a node, by the kind that GraphDef gives it. */
export type Attribute =
  | { kind: 'type'; value: number }
  | { kind: 'types'; value: number[] }
  | { kind: 'int'; value: number }
  | { kind: 'ints'; value: number[] }
  | { kind: 'float'; value: number }
  | { kind: 'floats'; value: number[] }
  | { kind: 'bool'; value: boolean }
  | { kind: 'bools'; value: boolean[] }
  | { kind: 'text'; value: string }
  | { kind: 'texts'; value: string[] }
  | { kind: 'shape'; value: readonly number[] }
  | { kind: 'tensor'; value: TensorSignature & { bytes: Uint8Array } };

/** One op of a captured graph. Inputs are 'node:output', or '^node' for an order without data. */
export interface GraphNode {
  name: string;
  op: string;
  inputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
  outputs: readonly TensorSignature[];
}

/** A captured function: its nodes in the order of recording, and what a run feeds, fetches and triggers. */
export interface Graph {
  nodes: readonly GraphNode[];
  /** Placeholder of each input, by the input's name. */
  inputs: Readonly<Record<string, { node: string; signature: TensorSignature }>>;
  /** 'node:output' of each result, by its name. */
  outputs: Readonly<Record<string, { source: string; signature: TensorSignature }>>;
  /** The node to run so that all state updates happen; none for a function that changes nothing. */
  update: string | null;
}

/** The node that every state update waits for: all reads of the state, and the checks that may end a run before it. */
export const BARRIER = 'reads_done';

/** The node that an input string refers to. */
export function sourceNode(input: string): string {
  const bare = input.startsWith('^') ? input.slice(1) : input;
  const colon = bare.lastIndexOf(':');
  return colon < 0 ? bare : bare.slice(0, colon);
}

/** Which of a node's outputs an input string refers to. */
export const outputOf = (input: string): number => Number(input.slice(sourceNode(input).length + 1) || 0);

/** The nodes that read each 'node:output'. */
export function usesOf({ nodes }: Graph): ReadonlyMap<string, readonly GraphNode[]> {
  const uses = new Map<string, GraphNode[]>();
  for (const node of nodes) for (const input of node.inputs) uses.set(input, [...(uses.get(input) ?? []), node]);
  return uses;
}
