/** Writes src/resample-wasm.ts out of src/resample.wat; resample-passes.test.ts says when that is due. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const [source, target] = ['resample.wat', 'resample-wasm.ts'].map((file) => fileURLToPath(new URL(`src/${file}`, import.meta.url)));
const { buffer } = (await wabt()).parseWat('resample.wat', readFileSync(source, 'utf8'), { simd: true }).toBinary({});
const words = Buffer.from(buffer)
  .toString('base64')
  .match(/.{1,120}/g);
writeFileSync(
  target,
  `/** resample.wat, assembled: nx run data:assemble-resampling writes it. */\nexport const RESAMPLE_WASM =\n  ${words.map((word) => `'${word}'`).join(' +\n  ')};\n`,
);
