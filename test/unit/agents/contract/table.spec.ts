import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { rowsOf } from '../../../../scripts/agents-table.mjs';
import { isNone } from '../../../agents/contract/subject.js';
import { rowOf } from '../../../agents/contract/table.js';
import { SUBJECTS } from '../../../agents/subjects/index.js';

/** What cannot be run is not in a table of what was. */
const RUN = SUBJECTS.filter(({ real }) => !isNone(real));
const DOCS = new URL('../../../../docs/agents.md', import.meta.url);

describe('The table of docs/agents.md', () => {
  const rows = new Map(rowsOf(readFileSync(DOCS, 'utf8')).map((row) => [row[0], row]));

  it.each(RUN)('tells of $cli what its adapter declares and its contract has shown', (subject) => {
    const expected = rowOf(subject);
    expect(rows.get(expected[0])).toEqual(expected);
  });

  it('tells of nobody else', () => {
    const names = RUN.map(({ name }) => `\`${name}\``);
    expect([...rows.keys()].sort()).toEqual(names.sort());
  });
});
