/** Writes the table beside PyTorch's DataLoader into docs/data.md, between its marks, out of beside-dataloader.json. */
import { readFileSync, writeFileSync } from 'node:fs';

const DOCUMENT = new URL('../../../docs/data.md', import.meta.url);
const MARKS = ['<!-- dataloader: begin -->', '<!-- dataloader: end -->'];
const VIEWS = { train: 'random crop 224, flip', evaluate: 'resize 256, middle 224' };
const SIDES = { exact: 'Tempered, exact', fast: 'Tempered, fast', dataloader: 'DataLoader with PIL' };

const record = JSON.parse(readFileSync(new URL('beside-dataloader.json', import.meta.url), 'utf8'));
const cell = ({ middle, least, most }) => `${middle} (${least} to ${most})`;
const lines = record.rows.map(({ pictures, view, who, perProcessorSecond, ratio, wallRatio }) =>
  [
    '',
    pictures,
    VIEWS[view],
    SIDES[who],
    cell(perProcessorSecond),
    who === 'dataloader' ? '1' : cell(ratio),
    who === 'dataloader' ? '1' : cell(wallRatio),
    '',
  ]
    .join(' | ')
    .trim(),
);
const table = [
  '| pictures | view | side | images a processor second | times the DataLoader | by the clock |',
  '| --- | --- | --- | --- | --- | --- |',
  ...lines,
].join('\n');
const about = `${record.cpu}, ${record.cores} cores, load ${record.load}, ${record.threads} worker a side, batches of ${record.batch}, ${record.rounds} rounds in turns: median (least to most). Node ${record.node}, torch ${record.torch}, torchvision ${record.torchvision}, Pillow ${record.pillow}.${record.note ? ` ${record.note}` : ''}`;

const document = readFileSync(DOCUMENT, 'utf8');
const [begin, end] = MARKS.map((mark) => document.indexOf(mark));
if (begin < 0 || end < begin) throw new RangeError(`docs/data.md has no '${MARKS[0]}' followed by '${MARKS[1]}'`);
writeFileSync(DOCUMENT, `${document.slice(0, begin)}${MARKS[0]}\n${table}\n\n${about}\n${document.slice(end)}`);
