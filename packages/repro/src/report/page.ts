import { createHash } from 'node:crypto';
import { arrangeTables, count } from '../table.js';
import { cellsSection } from './cells-section.js';
import { type Html, html } from './html.js';
import type { RecordedRun } from './metrics.js';
import { paperSection } from './paper-section.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { tableSection } from './table-section.js';

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * The report: one HTML file that opens from disk, fetches nothing and runs nothing but its own sorting script (held to both by a
 * content security policy). Every text in it is escaped.
 */
export function reportPage(runs: readonly RecordedRun[]): string {
  const tables = arrangeTables(runs);
  const done = runs.filter(({ summary }) => summary?.status === 'done').length;
  const policy = `default-src 'none'; style-src ${digest(STYLE)}; script-src ${digest(SCRIPT)}; base-uri 'none'; form-action 'none'`;
  const body: Html = html`<h1>Tempered: results</h1>
<p>Knowledge distillation with logit standardization (LS) and curriculum temperature (CT): ${count(runs.length)} ${runs.length === 1 ? 'cell' : 'cells'}, ${done} finished.
Accuracies are percent of the test images; <em>last</em> is after the last epoch, <em>best</em> the best of the evaluated epochs. The papers' numbers have a column of their own.</p>
<nav><ul>${tables.map((table, index) => html`<li><a href="#t${index}">${table.title}</a></li>`)}
<li><a href="#papers">The papers' tables, run or not</a></li><li><a href="#sources">Where the numbers come from</a></li></ul></nav>
${tables.map((table, index) => tableSection(table, index))}
${paperSection(runs)}
${cellsSection(runs)}`;
  // Style and script stand between their tags exactly as they were hashed.
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tempered: results</title>',
    `<style>${STYLE}</style></head><body><main>`,
    body.text,
    `</main><script>${SCRIPT}</script></body></html>`,
    '',
  ].join('\n');
}
