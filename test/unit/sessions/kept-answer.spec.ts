import { describe, expect, it } from '@jest/globals';
import { CustomAdapter } from '../../../src/agents/custom/custom-adapter.js';
import { ANSWER_LENGTH, keptAnswer } from '../../../src/modules/sessions/drive/kept-answer.js';
import { unfailing } from '../../../src/modules/sessions/drive/unfailing-adapter.js';
import { turn } from '../../support/run-agent.js';

const MARK = /\n\n\[Cut off after 1000000 characters: .*\]$/;
const END = { exitCode: 0, signal: null, stderrTail: '' };

describe('The answer of a turn', () => {
  it('is kept whole up to a million characters, and of more the beginning', () => {
    const whole = 'x'.repeat(ANSWER_LENGTH);
    expect(keptAnswer(whole)).toBe(whole);
    const kept = keptAnswer(`${whole}y`);
    expect(kept.replace(MARK, '')).toBe(whole);
    expect(kept).toMatch(MARK);
    // What comes behind it changes nothing.
    expect(keptAnswer(`${kept}more`)).toBe(kept);
  });

  it('is never kept up to the middle of a character', () => {
    const kept = keptAnswer(`${'x'.repeat(ANSWER_LENGTH - 1)}🎉🎉`);
    expect(Buffer.from(kept).toString()).toBe(kept);
    expect(kept.replace(MARK, '')).toHaveLength(ANSWER_LENGTH - 1);
  });

  it('does not grow with what a command prints, all of which is shown', () => {
    const adapter = unfailing(new CustomAdapter());
    const request = turn('x', { command: '/opt/agent' });
    const line = 'a line of a log, '.repeat(10_000);
    let state = adapter.initialState(request);
    let shown = 0;
    for (let lines = 0; lines < 20; lines++) {
      const step = adapter.parse(state, line, request);
      state = step.state;
      for (const fact of step.facts) shown += fact.type === 'text' ? fact.text.length : 0;
    }
    expect(shown).toBe(20 * line.length + 19);
    expect(JSON.stringify(state).length).toBeLessThan(ANSWER_LENGTH + 1_000);
    expect(adapter.conclude(state, END, request)).toMatchObject({
      ...{ kind: 'completed', text: expect.stringMatching(MARK) },
    });
  });

  it('is bounded too where it is first known at the end', () => {
    class LateAdapter extends CustomAdapter {
      override conclude = () => ({ kind: 'completed', text: 'x'.repeat(3_000_000) }) as const;
    }
    const adapter = unfailing(new LateAdapter());
    const request = turn('x', { command: '/opt/agent' });
    const outcome = adapter.conclude(adapter.initialState(request), END, request);
    expect(outcome).toMatchObject({ text: expect.stringMatching(MARK) });
  });
});
