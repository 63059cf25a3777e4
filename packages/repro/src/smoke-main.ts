import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeSyntheticFolder } from '@tempered/data';
import { main } from './cli.js';
import { fromRoot } from './workspace.js';

// Every pair with every method for two steps, and every setting of LS and curriculum once: `nx run repro:smoke -- --data FOLDER`. What is
// added is for the CIFAR pairs; ImageNet's train on made-up photographs of a thousand classes.
const OUT = 'out/smoke';
const photographs = join(fromRoot(OUT), 'photographs');
const began = performance.now();
// Two steps cost less than the tracing before them, which keeps one thread busy: so a group on each core, each of them a pair.
const sharing = ['--jobs', String(availableParallelism()), '--group', '18'];
const all = ['repro', '--profile', 'smoke', '--pairs', 'all', '--methods', 'all', '--out', OUT, ...sharing];

const cifar = await main([...all, ...process.argv.slice(2)]);
if (!existsSync(photographs)) await writeSyntheticFolder(photographs);
const imagenet = await main([...all, '--ls', 'off', '--dataset', 'imagenet', '--data', photographs]);
console.error(`smoke: ${((performance.now() - began) / 60_000).toFixed(1)} min`);
process.exitCode = cifar || imagenet;
