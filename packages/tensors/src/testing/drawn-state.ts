import { sizeOfShape } from '../functions.js';
import { randomNormals, randomUniforms } from '../random.js';

/** A state tensor of a compiled function, its values uniform in [-bound, bound). */
export const uniformState = (shape: number[], seed: number, bound = 1) => ({
  shape,
  values: randomUniforms(sizeOfShape(shape), -bound, bound, seed),
});

/** One with normally distributed values. */
export const normalState = (shape: number[], seed: number, mean = 0, deviation = 1) => ({
  shape,
  values: randomNormals(sizeOfShape(shape), mean, deviation, seed),
});
