import { createModel, MODEL_NAMES, MODELS } from './registry.js';
import { summarize } from './summary.js';

/** What encloses the table in docs/models.md. */
export const TABLE_MARKS = ['<!-- the zoo -->', '<!-- end of the zoo -->'] as const;

/** The zoo as a Markdown table, one row a model. */
export function modelTable(): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const rows = MODEL_NAMES.map((name) => {
    const { family, inputSize, numClasses, note = '' } = MODELS[name];
    const { parameters, macs } = summarize(createModel(name));
    return `| \`${name}\` | ${family} | ${count(parameters)} | ${count(macs)} | ${inputSize} | ${count(numClasses)} | ${note} |`;
  });
  return ['| name | family | parameters | MACs | pixels | classes | what it is |', '|---|---|---:|---:|---:|---:|---|', ...rows].join('\n');
}

/** A page with the table as the code has it. Throws an Error when the page has lost its marks. */
export function withModelTable(page: string): string {
  const [begin, end] = TABLE_MARKS;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has lost its marks ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${modelTable()}\n\n${page.slice(to)}`;
}
