import type { SessionAddon } from '../addon.js';
import { DTYPES, type GraphNode, sourceNode } from './graph.js';
import { graphDef } from './graph-def.js';

/** Adding a node takes TensorFlow a time that grows with its graph; past so many nodes the next one goes into a new graph. */
const MOST_NODES = 64;

/** How the addon says that not even the number of dimensions is known. */
const UNKNOWN_RANK = -2;

/**
 * Asks TensorFlow what the outputs of one node after another are, in graphs of a bounded size: what a node reads out of an earlier
 * graph stands in the present one as a placeholder of its type and shape. Nodes that read nothing (constants, variables) are
 * added again instead, since shapes may follow from their values.
 */
export class ShapeInference {
  readonly #known = new Map<string, GraphNode>();
  #graph: unknown;
  #present = new Set<string>();

  constructor(private readonly addon: SessionAddon) {
    this.#graph = addon.newGraph();
  }

  /** Type number and dimensions of each output of a node; throws with TensorFlow's message where it refuses the node. */
  outputsOf(node: GraphNode): number[][] {
    if (this.#present.size > MOST_NODES) {
      this.#graph = this.addon.newGraph();
      this.#present = new Set();
    }
    // What has to run first changes no shape.
    const inputs = node.inputs.filter((input) => !input.startsWith('^')).map((input) => this.#standIn(input));
    return this.#add({ ...node, inputs });
  }

  /** Keeps a node with its outputs, so that later ones can read it. */
  keep(node: GraphNode): void {
    this.#known.set(node.name, node);
  }

  #add(node: GraphNode): number[][] {
    const rows = this.addon.addNode(this.#graph, graphDef([node]), node.name, [...node.inputs]);
    this.#present.add(node.name);
    return rows;
  }

  #standIn(input: string): string {
    const name = sourceNode(input);
    const node = this.#known.get(name);
    if (this.#present.has(name) || !node) return input;
    if (node.inputs.length === 0) {
      this.#add(node);
      return input;
    }
    const output = Number(input.slice(name.length + 1) || 0);
    const given = `given/${name}/${output}`;
    if (!this.#present.has(given)) {
      const { dtype, shape } = node.outputs[output]!;
      const type = { dtype: { kind: 'type', value: DTYPES[dtype] } } as const;
      const attributes = shape.includes(UNKNOWN_RANK) ? type : { ...type, shape: { kind: 'shape', value: shape } as const };
      this.#add({ name: given, op: 'Placeholder', inputs: [], attributes, outputs: [] });
    }
    return `${given}:0`;
  }
}
