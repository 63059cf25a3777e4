import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePth, writeSafetensors } from '@tempered/tensors';
import { createModel, type ModelName } from '../registry.js';
import { toStateDict } from '../state-dict.js';
import { cacheFolder, runTool } from './cache.js';

/** One model a layout: plain, grouped and depthwise kernels, biases in front of a normalisation, linear layers of each name. */
const MODELS: ModelName[] = ['resnet8', 'wrn_16_1', 'vgg8', 'ShuffleV1', 'ShuffleV2', 'MobileNetV2'];

/** Loads both files of a model and compares them tensor by tensor, and the first weight with the values that were written. */
const CHECK = `
import json, sys, struct, torch
for name in sys.argv[2:]:
    path = sys.argv[1] + "/" + name
    state = torch.load(path + ".pth", weights_only=True)
    wrapped = torch.load(path + ".wrapped.pth", weights_only=True)
    assert wrapped["epoch"] == 240 and wrapped["note"] == [1.5, None, True]
    data = open(path + ".safetensors", "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    assert list(state) == list(header) == list(wrapped["model"]), name
    for key, entry in header.items():
        dtype = {"F32": torch.float32, "I64": torch.int64}[entry["dtype"]]
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        stored = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).reshape(entry["shape"])
        assert state[key].dtype == dtype and state[key].is_contiguous(), key
        assert torch.equal(state[key], stored) and torch.equal(wrapped["model"][key], stored), key
    print("passed ", name, len(state), "tensors")
print(len(sys.argv) - 2, "passed, 0 failed, with PyTorch", torch.__version__)
`;

/** A Python with PyTorch: the one that TEMPERED_PYTORCH names, else the one that `nx run tools:peer-venv` makes. */
function findPython(): string {
  if (process.env.TEMPERED_PYTORCH) return process.env.TEMPERED_PYTORCH;
  const python = join(cacheFolder(), 'peer', 'bin', 'python');
  if (!existsSync(python)) throw new Error(`there is no ${python}; 'nx run tools:peer-venv' makes it, or TEMPERED_PYTORCH names another`);
  return python;
}

/** `nx run models:pytorch`: what this project writes, PyTorch loads with weights_only=True, every tensor equal to the bit. */
const python = findPython();
const folder = mkdtempSync(join(tmpdir(), 'tempered-pytorch-'));
try {
  for (const name of MODELS) {
    const model = createModel(name);
    const dict = toStateDict(model, model.init(1), Object.fromEntries(model.norms.map((norm, i) => [norm, i])));
    writeFileSync(join(folder, `${name}.pth`), writePth(dict));
    writeFileSync(
      join(folder, `${name}.wrapped.pth`),
      writePth(
        new Map<string, Parameters<typeof writePth>[0]>([
          ['epoch', 240],
          ['note', [1.5, null, true]],
          ['model', dict],
        ]),
      ),
    );
    writeFileSync(join(folder, `${name}.safetensors`), writeSafetensors(dict));
  }
  runTool('the check in PyTorch', python, ['-W', 'ignore', '-c', CHECK, folder, ...MODELS]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
