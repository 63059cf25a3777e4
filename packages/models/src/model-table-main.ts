import { readFileSync, writeFileSync } from 'node:fs';
import { withModelTable } from './model-table.js';

/** `nx run models:table`: writes the table of docs/models.md out of the registry. */
const page = new URL('../../../docs/models.md', import.meta.url);
writeFileSync(page, withModelTable(readFileSync(page, 'utf8')));
