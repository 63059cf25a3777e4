import { paperDataset } from '../paper.js';
import { signed } from '../signed.js';
import { datasetTitle, type Spread, type Table } from '../table.js';
import { orderOf, tableNotes } from '../table-notes.js';
import { formatDifference, formatSpread } from '../table-terminal.js';
import { costSection } from './cost-section.js';
import { curveCharts } from './curve-charts.js';
import { type Difference, differenceChart } from './difference-chart.js';
import { figuresSection } from './figures-section.js';
import { type Html, html } from './html.js';
import { sortableTable } from './sortable-table.js';

const cellOf = (table: Table) => table.rows[0]!.runs[0]!.cell;

/** A table of results with what must be known of it, and its charts. */
export function tableSection(table: Table, index: number): Html {
  const [order, ...notes] = [orderOf(table), ...tableNotes(table)];
  const incomparable = table.incomparable.length > 0;
  const warning = notes.find((note) => note.includes('not comparable'));
  return html`<section id="t${index}"><h2>${table.title}</h2>
${incomparable && warning ? html`<p class="warn">${warning}</p>` : null}
${resultsTable(table)}
${order ? html`<p>${order}</p>` : null}
<ul class="soft">${notes.filter((note) => note !== warning).map((note) => html`<li>${note}</li>`)}</ul>
${charts(table, `t${index}`)}
${figuresSection(table, `t${index}`)}
${costSection(table)}</section>`;
}

function resultsTable(table: Table): Html {
  const best = Math.max(...table.rows.map(({ last }) => last?.mean ?? Number.NEGATIVE_INFINITY));
  const figure = (value: Spread | null) => ({ text: formatSpread(value), value: value?.mean ?? '' });
  return sortableTable(
    [
      'cell',
      'last %',
      'best %',
      'top-5 %',
      'over KD',
      'seeds',
      `paper % (${datasetTitle(paperDataset(cellOf(table).images.dataset))})`,
      'minus paper',
    ],
    table.rows.map(({ label, last, best: top, top5, overKd, paper, missing }) => ({
      cells: [
        { text: label },
        figure(last),
        figure(top),
        figure(top5),
        { text: formatDifference(overKd), value: overKd?.mean ?? '' },
        { text: [last?.n ?? 0, ...missing.map(({ status }) => status)].join(', ') },
        { text: paper.value === null ? 'none' : paper.value.toFixed(2), value: paper.value ?? '' },
        last && paper.value !== null ? { text: signed(last.mean - paper.value), value: last.mean - paper.value } : { text: '-', value: '' },
      ],
      strong: last?.mean === best,
    })),
  );
}

function charts(table: Table, id: string): Html[] {
  const found: Html[] = [];
  const kd = table.rows.find(({ label }) => label === 'KD');
  const kdPaper = kd?.paper.value ?? null;
  if (kd?.last) {
    const differences = table.rows
      .filter(({ label }) => label !== 'KD')
      .map(
        ({ label, overKd, paper }): Difference => ({
          label,
          ours: overKd,
          paper: paper.value === null || kdPaper === null ? null : paper.value - kdPaper,
        }),
      );
    if (differences.length > 0) found.push(differenceChart(`${id}-kd`, 'Difference to plain KD', differences));
  }
  return [...found, ...curveCharts(table, id)];
}
