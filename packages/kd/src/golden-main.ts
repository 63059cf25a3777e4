import { readFileSync, writeFileSync } from 'node:fs';
import { loadEngine, loadSessionAddon, readGolden, runGolden } from '@tempered/tensors/node';
import { type Digits, digitsOf, gather, kept, rowOf, withDigits } from './golden/digits.js';
import type { LossFile } from './golden/fixture.js';
import { lossCases, type Mode, type Observer, useBackend } from './golden/loss-cases.js';
import { type ScheduleFile, scheduleCases } from './golden/schedule-cases.js';

/**
 * `nx run kd:golden`: every case of losses.json and schedules.json, value and gradients, on tfjs' plain backend and as a compiled
 * program, and for each loss the largest differences. Without the session addon only the plain backend is left, and a line says so.
 * With `--record` the differences are kept in golden-digits.json and written into docs/losses.md.
 */
await loadEngine();
const addon = loadSessionAddon();
const modes: Mode[] = addon ? ['eager', 'compiled'] : ['eager'];
if (!addon) console.log('no session addon here: eager only (tempered doctor says what is missing)');
await useBackend('cpu');
const digits: Record<string, Digits> = {};
const observe: Observer = (name, fixture, computed) => {
  const row = rowOf(name);
  if (row) gather(digits, row, digitsOf(fixture, computed));
};
const lines: string[] = [];
await runGolden(
  [...scheduleCases(readGolden<ScheduleFile>('schedules.json')), ...lossCases(readGolden<LossFile>('losses.json'), modes, observe)],
  (line) => void lines.push(line),
);
const closing = lines.pop();
for (const line of lines) console.log(line);
const rows = Object.fromEntries(Object.entries(digits).map(([row, seen]) => [row, kept(seen)]));
for (const [row, { cases, toFloat64, toReference, gradient, temperature }] of Object.entries(rows)) {
  const [exact, reference, slope, learned] = [toFloat64, toReference, gradient, temperature].map((value) => value.toExponential(0));
  const ofT = temperature ? `, of the temperature ${learned}` : '';
  console.log(`${row}: value within ${exact} of float64, ${reference} of the reference; gradients ${slope}${ofT} (${cases} runs)`);
}
if (process.argv.includes('--record') && !process.exitCode) {
  const page = new URL('../../../docs/losses.md', import.meta.url);
  writeFileSync(new URL('../golden-digits.json', import.meta.url), `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(page, withDigits(readFileSync(page, 'utf8'), rows));
}
console.log(closing);
