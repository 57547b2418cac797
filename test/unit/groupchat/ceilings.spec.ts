import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../src/modules/groupchat/group-chat.js';
import { ceilingOf } from '../../../src/modules/groupchat/rounds/ceilings.js';

const limits = { ...DEFAULT_LIMITS, maxRounds: 2, maxCostUsd: 1 };

describe('A question', () => {
  it('may delegate as often as there are rounds', () => {
    expect(ceilingOf(limits, { number: 1, phase: 'moderator' }, [])).toBeNull();
    expect(ceilingOf(limits, { number: 1, phase: 'synthesis' }, [])).toBeNull();
    expect(ceilingOf(limits, { number: 2, phase: 'synthesis' }, [])).toBe('round-limit');
  });

  it('may delegate once even when there is but one round', () => {
    const one = { ...limits, maxRounds: 1 };
    expect(ceilingOf(one, { number: 1, phase: 'moderator' }, [])).toBeNull();
    expect(ceilingOf(one, { number: 1, phase: 'synthesis' }, [])).toBe('round-limit');
  });

  it('delegates no more when its money is spent', () => {
    const spent = [{ costUsd: 0.5 }, { costUsd: null }, { costUsd: 0.5 }];
    expect(ceilingOf(limits, { number: 1, phase: 'moderator' }, spent)).toBe('cost-limit');
    expect(ceilingOf(limits, { number: 1, phase: 'moderator' }, spent.slice(1))).toBeNull();
    expect(
      ceilingOf({ ...limits, maxCostUsd: null }, { number: 1, phase: 'synthesis' }, spent),
    ).toBeNull();
  });
});
