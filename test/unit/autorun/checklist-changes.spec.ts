import { describe, expect, it } from '@jest/globals';
import { compareChecklists } from '../../../src/modules/autorun/checklist-changes.js';
import { parseChecklist } from '../../../src/modules/autorun/checklist.js';

const compare = (before: string, after: string): { ticked: number; changed: boolean } =>
  compareChecklists(parseChecklist(before).tasks, parseChecklist(after).tasks);

describe('comparing two states of a document', () => {
  it.each([
    ['one ticked', '- [ ] a\n- [ ] b', '- [x] a\n- [ ] b', 1, true],
    ['several ticked', '- [ ] a\n- [ ] b', '- [x] a\n- [x] b', 2, true],
    ['nothing but prose', '- [ ] a', 'more\n- [ ] a\ntext', 0, false],
    ['a task added', '- [ ] a', '- [ ] a\n- [ ] b', 0, true],
    ['a task removed', '- [ ] a\n- [ ] b', '- [ ] a', 0, true],
    ['one unticked', '- [x] a', '- [ ] a', 0, true],
    ['one ticked and another unticked', '- [x] a\n- [ ] b', '- [ ] a\n- [x] b', 1, true],
    ['reworded and ticked', '- [ ] a', '- [x] a (done)', 1, true],
    ['moved', '- [ ] a\n- [x] b', '- [x] b\n- [ ] a', 0, false],
    ['the second of the same text ticked', '- [ ] a\n- [ ] a', '- [ ] a\n- [x] a', 1, true],
  ])('%s', (_name, before, after, ticked, changed) => {
    expect(compare(before, after)).toEqual({ ticked, changed });
  });
});
