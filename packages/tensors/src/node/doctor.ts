import { availableParallelism } from 'node:os';
import { addonProblem } from './addon.js';
import { bfloat16Convolutions } from './bfloat16.js';
import { type Engine, EngineError, loadEngine } from './engine.js';
import { fingerprint } from './fingerprint.js';
import { type RejectedEngine, readPlacedEngine, SETUP_COMMAND } from './placed-engine.js';
import { describeProcessor, type Processor } from './processor.js';
import { selfTest } from './self-test.js';

/** Something that is missing or wrong, and what mends it. */
export interface Complaint {
  problem: string;
  mend: string;
}

/** Everything about the machine and the engine that a question about speed or results starts with. */
export interface DoctorReport {
  node: string;
  platform: string;
  /** Null when the engine that is forced is not there. */
  engine: Omit<Engine, 'addon'> | null;
  compiles: boolean;
  threads: number;
  processor: Processor;
  fingerprint: string | null;
  complaints: Complaint[];
}

const NODE_NEEDED = [20, 19] as const;

/** Where the doctor looks; the defaults look at this process. */
export interface Surroundings {
  nodeVersion?: string;
  load?: () => Promise<Engine>;
  test?: () => Promise<string[]>;
  addonProblem?: () => string | null;
  rejected?: () => RejectedEngine[];
}

/** Loads the engine, tests it, and says what it is and what is missing. */
export async function doctor(surroundings: Surroundings = {}): Promise<DoctorReport> {
  const { nodeVersion = process.versions.node, load = loadEngine, test = selfTest } = surroundings;
  const rejected = (surroundings.rejected ?? (() => readPlacedEngine()?.rejected ?? []))();
  const complaints: Complaint[] = [];
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major < NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor < NODE_NEEDED[1])) {
    complaints.push({ problem: `Node ${nodeVersion} is too old`, mend: `install Node ${NODE_NEEDED.join('.')} or newer` });
  }
  const engine = await load().catch((error: unknown) => {
    if (!(error instanceof EngineError)) throw error;
    complaints.push({ problem: error.message, mend: "run 'npm run setup' with the same TEMPERED_ENGINE, or unset it" });
    return null;
  });
  if (engine) {
    complaints.push(...engineComplaints(engine, rejected, (surroundings.addonProblem ?? addonProblem)()));
    for (const problem of await test()) {
      complaints.push({ problem: `self-test: ${problem}`, mend: `run '${SETUP_COMMAND}'; results of this engine are not to be trusted` });
    }
  }
  const { addon, ...described } = engine ?? { addon: null };
  return {
    node: nodeVersion,
    platform: `${process.platform} ${process.arch}`,
    engine: engine && (described as Omit<Engine, 'addon'>),
    compiles: addon !== null,
    threads: availableParallelism(),
    processor: describeProcessor(),
    fingerprint: engine && fingerprint(engine),
    complaints,
  };
}

function engineComplaints(engine: Engine, rejected: RejectedEngine[], addonProblem: string | null): Complaint[] {
  const tried = rejected.map(({ kind, problem, mend }) => ({ problem: `the ${kind} engine could not be set up: ${problem}`, mend }));
  if (engine.kind === 'plain') {
    const asked = tried.length === 0 && process.env.TEMPERED_ENGINE === 'plain';
    if (asked || tried.length) return tried;
    return [{ problem: `everything runs on the slow plain engine: ${engine.reason}`, mend: `run '${SETUP_COMMAND}'` }];
  }
  if (engine.addon) return tried;
  const problem = `the session addon is missing, so nothing can be compiled${addonProblem ? ` (${addonProblem})` : ''}`;
  return [...tried, { problem, mend: `run '${SETUP_COMMAND}'` }];
}

function bfloat16Of(processor: Processor): string {
  if (processor.bfloat16 === 'unknown') return 'bf16 unknown';
  if (processor.bfloat16 === 'hardware') return 'bf16 multiplied in hardware';
  return bfloat16Convolutions(process.env, processor) === 'own'
    ? 'bf16 read and written by convolutions of ours that compute in float32 (about as fast as f32)'
    : 'bf16 emulated by TensorFlow (many times slower than f32)';
}

/** The report as lines for people. */
export function formatDoctor({
  node,
  platform,
  engine,
  compiles,
  threads,
  processor,
  fingerprint: print,
  complaints,
}: DoctorReport): string {
  const rows: [string, string][] = [['Node', `${node} on ${platform}`]];
  if (engine) {
    const native = engine.kind !== 'plain';
    rows.push(
      ['engine', `${engine.kind} (${engine.reason})`],
      ['TensorFlow', engine.tensorflowVersion ?? 'none'],
      ['tfjs', engine.tfjsVersion],
    );
    rows.push(['from', engine.origin], ['device', engine.device]);
    if (native) rows.push(['oneDNN', engine.oneDnn ? 'on' : 'off'], ['programs', compiles ? 'compiled' : 'eager only']);
  } else rows.push(['engine', 'none']);
  rows.push(['threads', String(threads)], ['precision', `f32; ${bfloat16Of(processor)} (${processor.instructions})`]);
  if (print) rows.push(['fingerprint', print]);
  rows.push(['CUDA', 'set-up, linking and fall-back are tested; its kernels have never been run by this project, for want of a GPU']);
  const width = Math.max(...rows.map(([name]) => name.length));
  const wrong = complaints.map(({ problem, mend }) => `  ${problem}\n    mend: ${mend}`);
  const verdict = complaints.length ? ['', `${complaints.length} to mend:`, ...wrong] : ['', 'Nothing is missing.'];
  return [...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`), ...verdict].join('\n');
}
