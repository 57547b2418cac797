import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Usage } from '../../../src/agents/adapter.js';
import { PRICE_LIST, withEstimatedCost } from '../../../src/agents/estimated-cost.js';

const usage: Usage = {
  ...{ inputTokens: 5_000, outputTokens: 1_000, cacheReadTokens: 4_000, cacheWriteTokens: 1_000 },
  ...{ reasoningTokens: null, costUsd: null, costIsEstimate: false },
  ...{ contextWindow: null, contextTokens: null },
};

describe('The cost of a turn', () => {
  it('is worked out from the list of prices where the CLI tells none, and says so', async () => {
    const { costUsd, costIsEstimate } = await withEstimatedCost(
      usage,
      'claude-sonnet-4-5-20250929',
    );
    // Per million: 3 fresh, 0.3 read from the cache, 3.75 written to it, 15 of the answer.
    expect(costUsd).toBeCloseTo(0.015 + 0.0012 + 0.00375 + 0.015, 6);
    expect(costIsEstimate).toBe(true);
  });

  it('may be that of a model with its provider before its name', async () => {
    const plain = await withEstimatedCost(usage, 'gpt-5');
    expect(plain.costUsd).toBeGreaterThan(0);
    expect(await withEstimatedCost(usage, 'openai/gpt-5')).toEqual(plain);
  });

  it('is the one that the CLI tells, where it does', async () => {
    const told = { ...usage, costUsd: 0 };
    expect(await withEstimatedCost(told, 'gpt-5')).toEqual(told);
  });

  it.each([null, '', 'no-such-model', 'a/b/c'])('is unknown for the model %j', async (model) => {
    expect(await withEstimatedCost(usage, model)).toEqual(usage);
  });
});

it('names the list of prices that is installed', () => {
  const manifest = `../../../node_modules/${PRICE_LIST.source}/package.json`;
  const { version } = JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(version).toBe(PRICE_LIST.version);
});
