/** Writes RGB levels, normalised by a table of float32 [3, 256], to `out` from place `at` on. Imports nothing: worker threads load it too. */
export function writeNormalised(levels: Uint8Array, table: Float32Array, out: Float32Array, at: number): void {
  for (let k = 0; k < levels.length; k += 3) {
    out[at + k] = table[levels[k]!]!;
    out[at + k + 1] = table[256 + levels[k + 1]!]!;
    out[at + k + 2] = table[512 + levels[k + 2]!]!;
  }
}
