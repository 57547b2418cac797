import { describe, expect, it } from '@jest/globals';
import {
  type AgentCapabilities,
  AgentRegistry,
  AgentUnsupported,
  type Launch,
  requireReadOnly,
  requireSettings,
  requireTurn,
} from '../../../src/agents/index.js';

const able = (change: Partial<AgentCapabilities> = {}, needsCommand = false) => ({
  label: 'Some CLI',
  needsCommand,
  capabilities: {
    ...{ resume: true, readOnly: 'enforced' as const, model: true, images: true },
    ...{ effort: ['low', 'high'], ...change },
  },
  launch: (): Launch => ({ argv: ['cli'], env: {}, stdin: '' }),
});
const plain = { args: [], command: null };
const unable = able({ resume: false, readOnly: 'none', model: false, effort: [], images: false });

/** What is refused, by pointer; nothing when it is not. */
const refusal = (demand: () => void): AgentUnsupported | null => {
  try {
    demand();
    return null;
  } catch (error) {
    if (error instanceof AgentUnsupported) return error;
    throw error;
  }
};
const pointers = (demand: () => void): string[] =>
  refusal(demand)?.errors?.map(({ pointer }) => pointer) ?? [];

describe('A session', () => {
  it('may settle what the CLI of its agent can be told', () => {
    requireSettings(able(), { model: 'best', effort: 'high', command: null });
    requireSettings(able({}, true), { command: '/opt/agent' });
    requireSettings(unable, { model: null, effort: null, command: null });
    requireSettings(unable, {});
  });

  it('is refused whatever it cannot be told, all at once and by pointer', () => {
    expect(
      pointers(() => {
        requireSettings(unable, { model: 'best', effort: 'high' });
      }),
    ).toEqual([...['/model', '/effort']]);
    expect(
      pointers(() => {
        requireSettings(able(), { effort: 'huge' }, '/moderator');
      }),
    ).toEqual(['/moderator/effort']);
    expect(
      pointers(() => {
        requireSettings(able({}, true), { command: null });
      }),
    ).toEqual(['/command']);
    // A patch that says nothing of it leaves it as it is.
    requireSettings(able({}, true), { effort: 'low' });
  });

  it('is told which levels of effort there are', () => {
    const refused = refusal(() => {
      requireSettings(able(), { effort: 'huge' });
    });
    expect(refused).toMatchObject({
      ...{ code: 'agent/unsupported', status: 422, hint: 'Choose one of: low, high.' },
      message: 'Some CLI knows no effort "huge"',
    });
  });
});

describe('A turn', () => {
  it('may want what the CLI of its agent can do', () => {
    requireTurn(able(), { readOnly: true, images: ['x'], fresh: false }, plain);
    requireTurn(able({ readOnly: 'advisory' }), { readOnly: true }, plain);
    requireTurn(unable, { readOnly: false, images: [], fresh: true }, plain);
    requireTurn(unable, {}, plain);
  });

  it('is refused whatever it cannot do, by pointer', () => {
    const all = { readOnly: true, images: ['x'], fresh: false };
    expect(
      pointers(() => {
        requireTurn(unable, all, plain);
      }),
    ).toEqual(['/readOnly', '/images', '/fresh']);
  });

  it.each([
    ['claude-code', ['--verbose', '--dangerously-skip-permissions']],
    ['codex', ['-c', 'sandbox_mode="danger-full-access"']],
    ['gemini-cli', ['--yolo']],
    ['opencode', ['--agent', 'mine']],
  ] as const)('of %s cannot only read where its session has it write', (agent, args) => {
    const adapter = new AgentRegistry().get(agent);
    requireTurn(adapter, {}, { args, command: null });
    requireTurn(adapter, { readOnly: true }, { args: ['--debug'], command: '/opt/agent' });
    const refused = refusal(() => {
      requireTurn(adapter, { readOnly: true }, { args, command: null });
    });
    expect(refused).toMatchObject({
      message: expect.stringMatching(/^A read-only turn cannot be given the argument /),
      hint: expect.stringMatching(/^Remove /),
      errors: [{ pointer: '/readOnly' }],
    });
    expect(
      pointers(() => {
        requireReadOnly(adapter, { args, command: null }, '/moderator/args');
      }),
    ).toEqual(['/moderator/args']);
  });
});
