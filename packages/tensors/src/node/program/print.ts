import type { Attribute, Graph, TensorSignature } from './graph.js';

const signatureText = ({ dtype, shape }: TensorSignature): string => `${dtype}[${shape.join(',')}]`;

/** Attributes that follow from the signatures or are the same everywhere: left out of the printed form. */
const QUIET = new Set([
  'T',
  'U',
  'Tidx',
  'Tshape',
  'Tpaddings',
  'DstT',
  'SrcT',
  'dtype',
  'N',
  'use_cudnn_on_gpu',
  'data_format',
  'Index',
  'Tperm',
  'Tdim',
  'threads',
]);

function attributeText(attribute: Attribute): string {
  if (attribute.kind !== 'tensor') return JSON.stringify(attribute.value);
  const { bytes, dtype, shape } = attribute.value;
  const size = shape.reduce((a, b) => a * b, 1);
  if (size > 8) return `<${size} values>`;
  const aligned = bytes.slice().buffer;
  const values = dtype === 'float32' ? new Float32Array(aligned) : dtype === 'int32' ? new Int32Array(aligned) : new Uint8Array(aligned);
  return `[${[...values].join(' ')}]`;
}

/**
 * A captured graph as text, a line for each op: its name, what it yields, the op, its inputs and the attributes that matter.
 * Meant for eyes and for tests of the compiler's passes.
 */
export function printGraph(graph: Graph): string {
  const lines = graph.nodes.map((node) => {
    const attributes = Object.entries(node.attributes)
      .filter(([name]) => !QUIET.has(name))
      .map(([name, attribute]) => `${name}=${attributeText(attribute)}`);
    const yields = node.outputs.map(signatureText).join(', ');
    return `${node.name}: ${yields} = ${node.op}(${node.inputs.join(', ')})${attributes.length ? ` {${attributes.join(' ')}}` : ''}`;
  });
  const outputs = Object.entries(graph.outputs).map(([name, { source }]) => `return ${name} = ${source}`);
  return [...lines, ...outputs, ...(graph.update ? [`update ${graph.update}`] : [])].join('\n');
}
