/** Rows seen in the two directions in which they differ most. */
export interface PrincipalPlane {
  /** [N] */
  x: Float64Array;
  y: Float64Array;
  /** Share of the variance along each of the two, 0 .. 1. */
  explained: readonly [number, number];
}

const ITERATIONS = 200;
const CLOSE = 1e-10;

/**
 * The first two principal components of rows, by power iteration on the centred rows; deterministic, the sign of a direction is that
 * of its largest loading.
 *
 * Shapes   values: [N, D] flat, N >= 1.
 * Throws   RangeError where the values are no rows of D.
 */
export function principalPlane(values: ArrayLike<number>, dimensions: number): PrincipalPlane {
  const count = values.length / dimensions;
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`principalPlane: ${values.length} values are no rows of ${dimensions}`);
  const rows = centred(values, count, dimensions);
  const total = rows.reduce((sum, value) => sum + value * value, 0);
  const axes: Float64Array[] = [];
  const along = [0, 1].map(() => {
    const axis = leadingAxis(rows, count, dimensions, axes);
    axes.push(axis);
    return project(rows, count, dimensions, axis);
  });
  // Two directions of nearly the same variance can come out in the wrong order.
  const size = (scores: Float64Array): number => dot(scores, scores);
  if (size(along[1]!) > size(along[0]!)) along.reverse();
  const share = (scores: Float64Array): number => (total > 0 ? size(scores) / total : 0);
  return { x: along[0]!, y: along[1]!, explained: [share(along[0]!), share(along[1]!)] };
}

function centred(values: ArrayLike<number>, count: number, dimensions: number): Float64Array {
  const rows = Float64Array.from(values);
  for (let d = 0; d < dimensions; d++) {
    let mean = 0;
    for (let n = 0; n < count; n++) mean += rows[n * dimensions + d]! / count;
    for (let n = 0; n < count; n++) rows[n * dimensions + d]! -= mean;
  }
  return rows;
}

/** The direction of largest variance at right angles to those found before; zeros where nothing is left. */
function leadingAxis(rows: Float64Array, count: number, dimensions: number, before: readonly Float64Array[]): Float64Array {
  // An irregular start, so that it is at right angles to no direction that matters.
  let axis = Float64Array.from({ length: dimensions }, (_, d) => Math.sin(d * 12.9898 + 1) + 0.5);
  for (let i = 0; i < ITERATIONS; i++) {
    const scores = project(rows, count, dimensions, axis);
    const next = new Float64Array(dimensions);
    for (let n = 0; n < count; n++) for (let d = 0; d < dimensions; d++) next[d]! += scores[n]! * rows[n * dimensions + d]!;
    for (const other of before) {
      const overlap = dot(next, other);
      for (let d = 0; d < dimensions; d++) next[d]! -= overlap * other[d]!;
    }
    const length = Math.sqrt(dot(next, next));
    if (!(length > CLOSE)) return new Float64Array(dimensions);
    const unit = next.map((value) => value / length);
    const moved = 1 - Math.abs(dot(unit, axis));
    axis = unit;
    if (i > 0 && moved < CLOSE) break;
  }
  const largest = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? axis.map((value) => -value) : axis;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, d) => sum + value * b[d]!, 0);

function project(rows: Float64Array, count: number, dimensions: number, axis: Float64Array): Float64Array {
  return Float64Array.from({ length: count }, (_, n) => dot(rows.subarray(n * dimensions, (n + 1) * dimensions), axis));
}
