import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { findStateDict, loadStateDict, type Model } from '@tempered/models';
import { readPth, readSafetensors } from '@tempered/tensors';
import { CHECKPOINT_RUN, studentWeights } from './checkpoint.js';
import { messageOf, UserError } from './errors.js';

/**
 * A model's weights out of a `.safetensors`, `.pth` or `.pt` file, by PyTorch name, in memory layout. A training script's wrapper
 * (`{ model: ... }`, `{ state_dict: ... }`) and DataParallel's `module.` prefix are seen through; nothing in the file is executed. A run's
 * own checkpoint.safetensors is one too: its student's weights are taken.
 *
 * Throws   UserError naming the file and what is wrong: not there, damaged, or the weights of another model, key by key.
 */
export async function readWeights(path: string, model: Model): Promise<Record<string, Float32Array>> {
  try {
    const bytes = new Uint8Array(await readFile(path));
    if (extname(path) !== '.safetensors') return loadStateDict(model, findStateDict(readPth(bytes))).weights;
    const { tensors, metadata } = readSafetensors(bytes);
    return metadata.has(CHECKPOINT_RUN) ? studentWeights(model, tensors) : loadStateDict(model, tensors).weights;
  } catch (error) {
    throw new UserError(
      {
        what: messageOf(error),
        where: path,
        mend: `name a .safetensors, .pth or .pt file that holds the weights of ${model.name} with ${model.numClasses} classes`,
      },
      { cause: error },
    );
  }
}
