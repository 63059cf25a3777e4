import { type Dataset, makeBatch, UNCHANGED } from '@tempered/data';
import type { TeacherProgram } from './teacher-program.js';
import { TEACHER_BATCH } from './teaching.js';

/**
 * Whether what a teacher says of a picture is the same to the bit wherever the picture is in a pass and whatever is beside it. So it
 * is with oneDNN's convolutions; Eigen's cut their work into blocks across pictures, whose edges are summed in another order.
 *
 * Looks at one pass of pictures, and at the same pictures in another order.
 */
export async function rowsAreIndependent(program: TeacherProgram, pictures: Dataset): Promise<boolean> {
  const order = Uint32Array.from({ length: TEACHER_BATCH }, (_, k) => k % pictures.length);
  const turned = order.map((_, k) => order[(k + 13) % TEACHER_BATCH]!).reverse();
  const outputsOf = async (indices: Uint32Array) =>
    await program.outputs(makeBatch(pictures, indices, new Uint8Array(indices.length).fill(UNCHANGED)).images);
  const [first, second] = [await outputsOf(order), await outputsOf(turned)];
  return Object.entries(first).every(([name, rows]) => {
    const length = rows.length / TEACHER_BATCH;
    return turned.every((picture, k) => {
      const at = order.indexOf(picture);
      for (let i = 0; i < length; i++) if (rows[at * length + i] !== second[name]![k * length + i]) return false;
      return true;
    });
  });
}
