import { describe, expect, it } from '@jest/globals';

import { spokenVerdict, verdictOfRecord } from '../../../../src/hosts/runs/verdict.js';

describe('The verdict on a run', () => {
  it.each([
    ['0', { exitCode: 0, signal: null, why: null }],
    ['128', { exitCode: 128, signal: null, why: null }],
    ['137', { exitCode: 137, signal: 'SIGKILL', why: null }],
    ['130.cancelled', { exitCode: 130, signal: 'SIGINT', why: 'cancelled' }],
    ['125.cwd', { exitCode: 125, signal: null, why: 'cwd' }],
    ['127.notfound', { exitCode: 127, signal: null, why: 'notfound' }],
    ['255', { exitCode: 255, signal: null, why: null }],
  ])('of the record %s', (record, rest) => {
    expect(verdictOfRecord(record)).toEqual({ kind: 'exited', ...rest });
  });

  it('is that it never started when the run was fenced', () => {
    expect(verdictOfRecord('fenced')).toMatchObject({ kind: 'never-started' });
    expect(spokenVerdict(['NEVER'])).toMatchObject({ kind: 'never-started' });
  });

  it('is none for another answer, and no answer is guessed', () => {
    expect(spokenVerdict(['RUNNING'])).toBeNull();
    expect(() => spokenVerdict(['EXIT', 'x'])).toThrow();
    expect(() => spokenVerdict(['LOST', 'x'])).toThrow();
  });
});
