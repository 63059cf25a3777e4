import { createInterface } from 'node:readline';
import { loadEngine } from '@tempered/tensors/node';
import type { BenchOrder, BenchReady, BenchTimes, OurJob } from './bench-step-protocol.js';
import type { BenchPart } from './bench-step-rows.js';
import { BenchSubject } from './bench-step-work.js';

// A child process of `tempered bench-step`: its job is the first line on stdin, each further line an order; answers are lines too.
const answer = (record: BenchReady | BenchTimes): void => void process.stdout.write(`${JSON.stringify(record)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first = await lines.next();
if (!first.done) {
  const engine = await loadEngine();
  const subject = await BenchSubject.open(JSON.parse(first.value) as OurJob);
  const versions = { tensorflow: engine.tensorflowVersion ?? 'none', tfjs: engine.tfjsVersion, node: process.versions.node };
  answer({ versions, parameters: { teacher: subject.parameters('teacher'), student: subject.parameters('student') } });
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const { kind, steps = 1, seconds = 0, ops } = JSON.parse(line.value) as BenchOrder;
    if (ops) {
      answer({ ms: [], peakMb: 0, ops: await subject.opTimes(kind as BenchPart) });
      continue;
    }
    const ms: number[] = [];
    const end = performance.now() + 1000 * seconds;
    while (ms.length < steps || performance.now() < end) ms.push(await subject.time(kind));
    answer({ ms, peakMb: process.resourceUsage().maxRSS / 1024 });
  }
  await subject.close();
}
