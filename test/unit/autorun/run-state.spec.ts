import { describe, expect, it } from '@jest/globals';
import {
  canBecome,
  judgeCommand,
  requireTransition,
  type RunCommand,
  runHasEnded,
} from '../../../src/modules/autorun/runs/run-state.js';
import { RUN_STATES, type RunState } from '../../../src/modules/autorun/runs/run.js';

describe('the states of a run', () => {
  it.each(RUN_STATES)('%s is an end exactly when nothing follows it', (state) => {
    expect(runHasEnded({ state })).toBe(!RUN_STATES.some((next) => canBecome(state, next)));
  });

  it.each(RUN_STATES.filter((state) => state !== 'stopping'))(
    '%s, unless it has ended, can be stopped',
    (state) => {
      expect(canBecome(state, 'stopped')).toBe(!runHasEnded({ state }));
    },
  );

  it('a stopping run can only become stopped', () => {
    expect(RUN_STATES.filter((next) => canBecome('stopping', next))).toEqual(['stopped']);
  });

  it('an illegal step is refused', () => {
    expect(() => {
      requireTransition('completed', 'running');
    }).toThrow('A completed run can not become running');
  });
});

describe('a command', () => {
  const verdicts = (command: RunCommand): Partial<Record<RunState, string>> =>
    Object.fromEntries(RUN_STATES.map((state) => [state, judgeCommand(command, state)]));

  it.each(['resume', 'skip'] as const)('%s is for a paused run only', (command) => {
    const { paused, ...others } = verdicts(command);
    expect(paused).toBe('do');
    expect(new Set(Object.values(others))).toEqual(new Set(['conflict']));
  });

  it('stop can be repeated', () => {
    expect(verdicts('stop')).toEqual({
      queued: 'do',
      running: 'do',
      paused: 'do',
      limited: 'do',
      stopping: 'done',
      stopped: 'done',
      completed: 'conflict',
      failed: 'conflict',
    });
  });

  it.each(['kill', 'abort'] as const)('%s goes further than a stop that waits', (command) => {
    expect(verdicts(command)).toMatchObject({
      stopping: 'do',
      stopped: 'done',
      completed: 'conflict',
      failed: 'conflict',
    });
  });
});
