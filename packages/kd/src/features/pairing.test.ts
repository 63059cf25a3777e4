import { expect, test } from 'vitest';
import { behindStem, deepest } from './pairing.js';

const [three, four, five] = [3, 4, 5].map((n) => Array.from({ length: n }, (_, i) => i)) as [number[], number[], number[]];

test('without the stem, stages pair up in order; the longer side keeps what is at the end it is read from', () => {
  expect(behindStem(four, four)).toEqual({ student: [1, 2, 3], teacher: [1, 2, 3] });
  expect(behindStem(five, four)).toEqual({ student: [1, 2, 3], teacher: [1, 2, 3] });
  expect(behindStem(four, five)).toEqual({ student: [1, 2, 3], teacher: [1, 2, 3] });
  expect(behindStem(five, four, 'deep')).toEqual({ student: [2, 3, 4], teacher: [1, 2, 3] });
  expect(behindStem(four, five, 'deep')).toEqual({ student: [1, 2, 3], teacher: [2, 3, 4] });
});

test('ReviewKD takes all taps of a student that has none at its stem', () => {
  expect(deepest(four, five)).toEqual({ student: [0, 1, 2, 3], teacher: [1, 2, 3, 4] });
  expect(deepest(four, four)).toEqual({ student: [1, 2, 3], teacher: [1, 2, 3] });
  expect(deepest(five, three)).toEqual({ student: [3, 4], teacher: [1, 2] });
});

test('where nothing lies behind a stem, nothing pairs up', () => {
  for (const [student, teacher] of [
    [[0], four],
    [[], []],
  ] as const)
    expect(behindStem(student, teacher)).toEqual({ student: [], teacher: [] });
  expect(deepest(four, [0])).toEqual({ student: [], teacher: [] });
});
