// Times every loss, forward and backward, compiled and eager: node bench/run.mjs [--only NAME] [--time MS] [--json FILE]
// Warm-up is untimed. Numbers mean something only on a machine that does nothing else.
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { tf } from '@tempered/tensors';
import { compile, loadEngine } from '@tempered/tensors/node';
import { Bench } from 'tinybench';
import { asTensors, step, tensorsOf } from './step.mjs';
import { workloads } from './workloads.mjs';

const { values: flags } = parseArgs({ options: { only: { type: 'string' }, time: { type: 'string' }, json: { type: 'string' } } });
const time = Number(flags.time ?? 500);
const engine = await loadEngine();
console.log(
  `# ${engine.kind} engine, TensorFlow ${engine.tensorflowVersion ?? 'none'}, ${engine.device}, ${availableParallelism()} threads, Node ${process.version}, load ${loadavg()[0].toFixed(2)}`,
);

/** Median, and the middle half's width over it, of times in milliseconds. */
function summary(times) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { medianMs: at(0.5), spread: (at(0.75) - at(0.25)) / at(0.5), n: times.length };
}

/** One call of a workload as a compiled program: data and gradients stay in TensorFlow, only the loss comes back. */
async function compiledCall(workload, data) {
  const gradients = Object.keys(data).filter((name) => name.startsWith('student.') || name.startsWith('trainable.'));
  const program = await compile({
    state: {
      ...Object.fromEntries(
        Object.entries(data).map(([name, { shape, values }]) => [
          name,
          { shape, values, dtype: values instanceof Int32Array ? 'int32' : 'float32' },
        ]),
      ),
      ...Object.fromEntries(
        gradients.map((name) => [`gradient.${name}`, { shape: data[name].shape, values: new Float32Array(data[name].values.length) }]),
      ),
    },
    functions: {
      step: {
        inputs: {},
        run: (_, state) => {
          const x = Object.fromEntries(Object.keys(data).map((name) => [name, state.read(name)]));
          const result = step(workload, x);
          for (const name of gradients) state.assign(`gradient.${name}`, result.gradients[name]);
          return { value: result.value };
        },
      },
    },
  });
  return { call: () => program.run('step'), close: () => program.dispose() };
}

function eagerCall(workload, data) {
  const x = asTensors(data);
  const call = () => {
    tf.engine().startScope();
    step(workload, x).value.dataSync();
    tf.engine().endScope();
  };
  return { call, close: () => tf.dispose(x) };
}

const rows = [];
for (const workload of workloads(flags.only)) {
  const data = tensorsOf(workload);
  for (const mode of engine.addon ? ['compiled', 'eager'] : ['eager']) {
    const { call, close } = mode === 'compiled' ? await compiledCall(workload, data) : eagerCall(workload, data);
    const bench = new Bench({ time, warmupTime: time / 5, warmupIterations: 2, iterations: 5, retainSamples: true }).add(
      workload.name,
      call,
    );
    await bench.run();
    const { latency } = bench.tasks[0].result;
    const row = { name: workload.name, by: mode, ...summary([...latency.samples]) };
    rows.push(row);
    console.log(
      `${row.name.padEnd(36)} ${mode.padEnd(9)} ${row.medianMs.toFixed(3).padStart(9)} ms  (spread ${Math.round(100 * row.spread)} %, n ${row.n})`,
    );
    close();
  }
}
if (flags.json) {
  const about = { device: engine.device, engine: engine.kind, tensorflow: engine.tensorflowVersion, node: process.version };
  writeFileSync(flags.json, JSON.stringify({ about: { ...about, threads: availableParallelism() }, rows }));
}
