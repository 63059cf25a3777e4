import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The instruction sets that decide which kernels oneDNN and TensorFlow pick, from the least to the most. */
const INSTRUCTION_SETS = ['sse4_2', 'avx', 'avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_bf16'] as const;

/** What of the machine's processor matters to results and speed. */
export interface Processor {
  model: string;
  /** The most capable instruction set that kernels are chosen by; 'unknown' where the system does not tell. */
  instructions: string;
  /** bfloat16: multiplied in hardware, computed through float32 (correct, little faster), or not known. */
  bfloat16: 'hardware' | 'emulated' | 'unknown';
}

/** Reads the processor's abilities from the system's description of it. */
export function describeProcessor(cpuInfo: string = readCpuInfo()): Processor {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuInfo)?.[1]?.split(/\s+/) ?? []);
  const bfloat16 = flags.has('avx512_bf16') || flags.has('amx_bf16') ? 'hardware' : 'emulated';
  return {
    model: (/^model name\s*:\s*(.*)$/m.exec(cpuInfo)?.[1] ?? cpus()[0]?.model ?? 'unknown').trim(),
    instructions: INSTRUCTION_SETS.findLast((name) => flags.has(name)) ?? 'unknown',
    bfloat16: flags.size ? bfloat16 : 'unknown',
  };
}

/** Whether TensorFlow computes with oneDNN: the engine turns it on, `TF_ENABLE_ONEDNN_OPTS=0` off. */
export function oneDnnEnabled(setting = process.env.TF_ENABLE_ONEDNN_OPTS): boolean {
  return setting !== '0' && setting?.toLowerCase() !== 'false';
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
