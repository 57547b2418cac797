import { describe, expect, it } from '@jest/globals';
import {
  type AgentAdapter,
  type AgentCapabilities,
  AgentRegistry,
  AgentUnsupported,
  type Launch,
  requireArguments,
  requireReadOnly,
  requireSettings,
  requireTurn,
  type TurnRequest,
} from '../../../src/agents/index.js';
import { turn } from '../../support/run-agent.js';

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

/** The options before the session's own arguments and after them, each without its value. */
const saidBy = (agent: AgentAdapter, more: Partial<TurnRequest>): string[] =>
  agent.launch(turn('x', more)).argv.flatMap((word) => /^--[^=]+/.exec(word)?.[0] ?? []);

describe('The arguments of a session', () => {
  const adapters = new AgentRegistry().list().filter(({ ownOptions }) => ownOptions);
  it.each(adapters.map((adapter) => [adapter.label, adapter] as const))(
    'of %s say nothing that the server says',
    (_, adapter) => {
      const [effort = null] = adapter.capabilities.effort;
      const at = (args: string[], more: object = {}): string[] =>
        pointers(() => {
          requireArguments(adapter, { args, ...more });
        });
      const said = saidBy(adapter, {});
      const format = said.filter((option) => /format|json/.test(option));
      expect(format.length).toBeGreaterThan(0);
      for (const option of format) {
        expect(at(['--verbose', option, 'text'])).toEqual(['/args/1']);
        if (option !== '--json') expect(at([`${option}=text`])).toEqual(['/args/0']);
      }
      expect(saidBy(adapter, { model: 'm' })).toContain('--model');
      expect(at(['--model', 'x'])).toEqual([]);
      expect(at(['--model=x', '--model'], { model: 'm' })).toEqual(['/args/0', '/args/1']);
      if (effort === null || adapter.agent === 'codex') return;
      const levels = saidBy(adapter, { effort }).filter((option) => !said.includes(option));
      expect(levels).toHaveLength(1);
      expect(at(levels)).toEqual([]);
      expect(at(levels, { effort })).toEqual(['/args/0']);
    },
  );
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
