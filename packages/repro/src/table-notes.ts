import { FULL_SETS, paperDataset } from './paper.js';
import { UNTRAINED } from './run-types.js';
import { count, datasetTitle, type Table } from './table.js';

/** What a reader must know of a table before taking a number from it, in plain words, a sentence or two a line. */
export function tableNotes(table: Table): string[] {
  const { cell } = table.rows[0]!.runs[0]!;
  const dataset = paperDataset(cell.images.dataset);
  const [train] = FULL_SETS[dataset] ?? [];
  const notes: string[] = [];
  if (table.rows.some(({ paper }) => paper.value !== null)) {
    const images = train ? `all ${count(train)} training images` : 'all images';
    const epochs = table.paperEpochs ? `, ${table.paperEpochs} epochs` : '';
    notes.push(`paper: the number that the papers print for the cell: ${datasetTitle(dataset)}, ${images}${epochs}.`);
    if (table.incomparable.length > 0) {
      const what = cell.profile === 'paper' ? 'Ours' : `A ${cell.profile} result`;
      notes.push(`${what} is not comparable with the papers' numbers: ${table.incomparable.join('; ')}.`);
    }
  }
  const reasons = new Map<string, string[]>();
  for (const { label, paper, runs } of table.rows) {
    if (paper.value !== null) continue;
    const { recipe } = runs[0]!.cell;
    const control = recipe.method === 'kd' && !recipe.standardize && label !== 'KD';
    const why = control ? 'the LS recipe without LS, ours alone: what its weight does by itself' : paper.why;
    reasons.set(why, [...(reasons.get(why) ?? []), label]);
  }
  for (const [why, labels] of reasons) notes.push(`none (${labels.join(', ')}): ${why}.`);
  for (const { label, missing } of table.rows) {
    if (missing.length === 0) continue;
    notes.push(`${label}: ${missing.map(({ seed, status }) => `seed ${seed} ${status}`).join(', ')}; left out of the means.`);
  }
  const chance = 'differences of a point or so can be chance.';
  if (table.seeds.length > 1) {
    const alone = table.rows.some(({ last }) => last?.n === 1) ? ` Without ± it is one seed: ${chance}` : '';
    notes.push(
      `Mean ± standard deviation over seeds ${table.seeds.join(', ')}; over KD: difference to KD of the same seed, ± its standard error.${alone}`,
    );
  } else {
    notes.push(`One seed (${table.seeds[0]}): ${chance}`);
  }
  if (table.teacher) {
    const { name, top1, sha256 } = table.teacher;
    const measured = `${top1.toFixed(2)} % of the ${count(cell.images.testImages)} test images, measured before it taught`;
    notes.push(`Teacher ${name}: ${sha256 === UNTRAINED ? 'untrained, so nothing was to be learned' : measured}.`);
  }
  return notes;
}

/** 'Order by accuracy after the last epoch: DKD+LS > KD+LS = CTKD+LS > KD.': as it came out, finished rows only; '=' where two print alike. */
export function orderOf(table: Table): string | null {
  const rows = table.rows.filter(({ last }) => last !== null);
  if (rows.length < 2) return null;
  const ranked = [...rows].sort((a, b) => b.last!.mean - a.last!.mean);
  const printed = ranked.map(({ last }) => last!.mean.toFixed(2));
  const order = ranked.map(({ label }, i) => (i === 0 ? label : `${printed[i] === printed[i - 1] ? ' = ' : ' > '}${label}`));
  return `Order by accuracy after the last epoch: ${order.join('')}.`;
}
