import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeSyntheticFolder } from '@tempered/data';
import { main } from './cli.js';
import { fromRoot } from './workspace.js';

// Every pair with every method for two steps, and every setting of LS and curriculum once: `nx run repro:smoke -- --data FOLDER`. What is
// added is for the CIFAR pairs; ImageNet's train on made-up photographs of a thousand classes.
const OUT = 'out/smoke';
const photographs = join(fromRoot(OUT), 'photographs');
const all = ['repro', '--profile', 'smoke', '--pairs', 'all', '--methods', 'all', '--out', OUT];

const cifar = await main([...all, ...process.argv.slice(2)]);
if (!existsSync(photographs)) await writeSyntheticFolder(photographs);
const imagenet = await main([...all, '--ls', 'off', '--dataset', 'imagenet', '--data', photographs]);
process.exitCode = cifar || imagenet;
