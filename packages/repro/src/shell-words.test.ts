import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellLine } from './shell-words.js';

test('a shell takes a line apart into the words that it was made of', () => {
  const words = ['--out', "it's a folder/with $HOME", '', '~', 'a*', '--cell', 'cifar100-resnet56-kd-s0-1a2b'];
  const script = `process.stdout.write(JSON.stringify(process.argv.slice(1)))`;
  const seen = execFileSync('sh', ['-c', `"${process.execPath}" -e '${script}' -- ${shellLine(words)}`], { encoding: 'utf8' });
  expect(JSON.parse(seen)).toEqual(words);
});

test('plain words stay as they are', () => {
  expect(shellLine(['tempered', 'run', '--cell', 'a-1', '--out', '/tmp/x_y'])).toBe('tempered run --cell a-1 --out /tmp/x_y');
});
