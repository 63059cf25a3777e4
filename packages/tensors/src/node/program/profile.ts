import { concatBytes, intField } from '../../serialize/protobuf.js';
import { readFields } from '../../serialize/read-protobuf.js';

/** RunOptions: FULL_TRACE for the times, and the graphs after all rewrites. */
export const PROFILE_OPTIONS = concatBytes([intField(1, 3), intField(5, true)]);

/** One op as TensorFlow ran it. */
export interface ExecutedOp {
  name: string;
  /** With what was drawn into it: '_FusedConv2D(BiasAdd, Relu)'. */
  op: string;
  /** Its value's type: 'float32', 'bfloat16' ... */
  dtype: string;
  ms: number;
}

export interface Profile {
  /** In the order in which they began. */
  ops: ExecutedOp[];
}

const TYPES: Readonly<Record<number, string>> = { 1: 'float32', 3: 'int32', 9: 'int64', 10: 'bool', 14: 'bfloat16', 20: 'resource' };
const utf8 = new TextDecoder();
const text = (value: bigint | Uint8Array): string => utf8.decode(value as Uint8Array);
const fieldsOf = (value: bigint | Uint8Array) => readFields(value as Uint8Array);
const all = (bytes: bigint | Uint8Array, wanted: number): (bigint | Uint8Array)[] =>
  [...fieldsOf(bytes)].filter(({ field }) => field === wanted).map(({ value }) => value);

interface GraphEntry {
  op: string;
  dtype: string;
}

/** NodeDef: name 1, op 2, attributes 5 (a map of AttrValue: list 1 with strings 2, type 6). */
function readNode(bytes: Uint8Array): [name: string, entry: GraphEntry] {
  let [name, op, dtype] = ['', '', ''];
  let fused: string[] = [];
  for (const { field, value } of fieldsOf(bytes)) {
    if (field === 1) name = text(value);
    else if (field === 2) op = text(value);
    else if (field === 5) {
      const [key, attribute] = [text(all(value, 1)[0]!), all(value, 2)[0]!];
      if (key === 'T' || (key === 'dtype' && !dtype)) dtype = TYPES[Number(all(attribute, 6)[0] ?? 0n)] ?? 'other';
      if (key === 'fused_ops') fused = all(all(attribute, 1)[0]!, 2).map(text);
    }
  }
  return [name, { op: fused.length ? `${op}(${fused.join(', ')})` : op, dtype }];
}

/** Reads a serialized RunMetadata: times under step_stats 1, the rewritten graphs under partition_graphs 3. */
export function readProfile(metadata: Uint8Array): Profile {
  const nodes = new Map<string, GraphEntry>();
  for (const graph of all(metadata, 3)) for (const node of all(graph, 1)) nodes.set(...readNode(node as Uint8Array));
  const ops: (ExecutedOp & { start: number })[] = [];
  for (const stats of all(metadata, 1)) {
    for (const device of all(stats, 1)) {
      for (const node of all(device, 2)) {
        const numbers = new Map([...fieldsOf(node)].map(({ field, value }) => [field, value]));
        const name = text(numbers.get(1)!);
        const micros = (field: number): number => Number(numbers.get(field) ?? 0n);
        const known = nodes.get(name);
        if (known) ops.push({ name, ...known, ms: (micros(4) - micros(3)) / 1000, start: micros(2) });
      }
    }
  }
  return { ops: ops.sort((a, b) => a.start - b.start).map(({ start: _, ...op }) => op) };
}

/** Milliseconds by kind of op, the most first. */
export function timesByOp({ ops }: Profile): { op: string; dtype: string; ms: number; count: number }[] {
  const sums = new Map<string, { op: string; dtype: string; ms: number; count: number }>();
  for (const { op, dtype, ms } of ops) {
    const key = `${op} ${dtype}`;
    const sum = sums.get(key) ?? { op, dtype, ms: 0, count: 0 };
    sums.set(key, { ...sum, ms: sum.ms + ms, count: sum.count + 1 });
  }
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
}
