import { describe, expect, it } from '@jest/globals';
import { newDocument } from '../../../src/modules/autorun/runs/cursor.js';
import {
  type FinishedPass,
  judgePass,
  LOOP_CEILING,
} from '../../../src/modules/autorun/runs/pass-verdict.js';
import { type RunDocument } from '../../../src/modules/autorun/runs/run.js';

const worked = (change: Partial<RunDocument> = {}): RunDocument => ({
  ...newDocument({ path: 'a.md', resetOnCompletion: false }),
  worked: true,
  ...change,
});
const reset = worked({ resetOnCompletion: true });

const verdict = (pass: Partial<FinishedPass>): unknown =>
  judgePass({
    documents: [worked()],
    loop: 1,
    looping: false,
    maxLoops: null,
    tickedInPass: 1,
    ...pass,
  });
const completed = (reason: string): object => ({ next: 'end', state: 'completed', reason });

describe('after a pass', () => {
  it.each<[string, Partial<FinishedPass>, object]>([
    ['a plain run is done', {}, completed('done')],
    [
      'a run without any task says so',
      { documents: [worked({ worked: false })], tickedInPass: 0 },
      completed('no-tasks'),
    ],
    [
      'a run fails when every document stalled',
      { documents: [worked({ stalled: true }), worked({ worked: false })], tickedInPass: 0 },
      { next: 'end', state: 'failed', reason: 'stalled' },
    ],
    [
      'a run is incomplete when one document of several stalled',
      { documents: [worked({ stalled: true }), worked()] },
      completed('incomplete'),
    ],
    [
      'a run is incomplete when a document was skipped',
      { documents: [worked({ skipped: true }), worked()] },
      completed('incomplete'),
    ],
    [
      'a run is not called empty when its only document was skipped',
      { documents: [worked({ skipped: true, worked: false })] },
      completed('incomplete'),
    ],
    ['a loop of resets goes on', { looping: true, documents: [reset] }, { next: 'pass' }],
    [
      'a loop ends at its limit',
      { looping: true, documents: [reset], maxLoops: 3, loop: 3 },
      completed('max-loops'),
    ],
    [
      'a loop without a limit of its own ends at the ceiling',
      { looping: true, documents: [reset], loop: LOOP_CEILING },
      completed('loop-ceiling'),
    ],
    [
      'a loop ends when a pass has ticked nothing',
      { looping: true, documents: [reset], tickedInPass: 0 },
      completed('done'),
    ],
    [
      'a loop ends when the documents that last have no open task',
      { looping: true, documents: [reset, worked({ open: 0 })] },
      completed('done'),
    ],
    [
      'a loop goes on while a document that lasts has open tasks',
      { looping: true, documents: [reset, worked({ open: 1 })] },
      { next: 'pass' },
    ],
    [
      'a later pass that finds nothing to do is the end of the work',
      { looping: true, loop: 2, documents: [worked({ worked: false })], tickedInPass: 0 },
      completed('done'),
    ],
  ])('%s', (_title, pass, expected) => {
    expect(verdict(pass)).toEqual(expected);
  });
});
