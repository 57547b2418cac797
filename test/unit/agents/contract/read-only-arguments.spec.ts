import { describe, expect, it } from '@jest/globals';
import { type AgentAdapter, type AgentName } from '../../../../src/agents/adapter.js';
import { AgentUnsupported } from '../../../../src/agents/failures/agent-errors.js';
import { AgentRegistry } from '../../../../src/agents/index.js';
import { turn } from '../../../support/run-agent.js';

interface Options {
  /** Options that take every word up to the next flag, as `--help` of the CLI says. */
  ofMany?: RegExp;
  /** An option that lacks its value takes whatever follows, be it a flag. */
  takesFlags?: boolean;
  /** What makes the turn one that only reads. */
  holds: readonly string[];
  /** Words that are commands of the CLI wherever they stand, and write. */
  commands?: readonly string[];
}

/** How the CLIs read their arguments: seen with those themselves. */
const READS: Partial<Record<AgentName, Options>> = {
  'claude-code': {
    ofMany: /^--(?:(?:dis)?allowed-?tools|tools|add-dir|betas|file|mcp-config)$/i,
    takesFlags: true,
    holds: ['--tools', '--permission-mode', '--strict-mcp-config'],
  },
  codex: { ofMany: /^(?:-i|--image)$/, holds: ['--sandbox', '--ignore-rules'] },
  opencode: { ofMany: /^(?:-f|--file)$/, holds: ['--agent=reader-turn'] },
  'copilot-cli': {
    ofMany: /^--(?:(?:allow|deny)-(?:tool|url)|(?:available|excluded)-tools|secret-env-vars)$/,
    holds: ['--available-tools=view,grep,glob,rg,web_fetch', '--deny-tool=shell,write'],
  },
  'factory-droid': { takesFlags: true, holds: ['--only-tools'] },
  qwen: {
    ofMany:
      /^(?:-e|--(?:extensions|(?:core|exclude|allowed)-tools|allowed-mcp-server-names|include-directories|add-dir|disabled-slash-commands))$/,
    holds: ['--approval-mode', '--core-tools', '--exclude-tools', '--extensions'],
    commands: ['mcp', 'extensions', 'auth', 'hook', 'hooks', 'channel', 'review'],
  },
  'gemini-cli': {
    ofMany:
      /^(?:-e|--(?:extensions|allowed-tools|allowed-mcp-server-names|include-directories|policy|admin-policy))$/,
    holds: ['--approval-mode'],
    commands: ['mcp', 'extension', 'extensions', 'skill', 'skills', 'hook', 'hooks', 'gemma'],
  },
};

const ID = '343e3588-0503-4c27-bffc-8c3ace094cd6';
const IMAGE = { name: 'a.png', mediaType: 'image/png', data: 'AA==' } as const;

/** Every way in which what stands beside the arguments of a session can differ. */
const shapesOf = ({ agent, capabilities }: AgentAdapter) =>
  [null, 'm'].flatMap((model) =>
    [null, ...capabilities.effort.slice(0, 1)].flatMap((effort) =>
      [null, agent === 'opencode' ? 'ses_1' : ID].flatMap((providerSessionId) =>
        [[], ...(capabilities.images ? [[IMAGE]] : [])].map((images) => ({
          ...{ model, effort, providerSessionId, images },
          ...{ readOnly: true, directory: '/tmp/turn' },
        })),
      ),
    ),
  );

const own = new AgentRegistry().list().filter(({ agent }) => READS[agent] !== undefined);
const each = own.map(
  (adapter) => [adapter.label, adapter, READS[adapter.agent] as Options] as const,
);

describe('A turn that only reads', () => {
  it('is looked at here for every agent that is said to enforce it', () => {
    const enforced = new AgentRegistry()
      .list()
      .filter(({ agent, capabilities }) => capabilities.readOnly === 'enforced' && agent !== 'demo')
      .map(({ agent }) => agent);
    expect(Object.keys(READS)).toEqual(expect.arrayContaining(enforced));
  });

  const withMany = each.flatMap(([label, agent, { ofMany }]) =>
    ofMany ? [[label, agent, ofMany] as const] : [],
  );
  it.each(withMany)('of %s has no word of its session for a value of ours', (_, agent, ofMany) => {
    for (const shape of shapesOf(agent)) {
      const args = ['Write', 'Bash', 'Edit'];
      const { argv } = agent.launch(turn('x', { ...shape, args }));
      const before = argv.slice(0, argv.indexOf('Write'));
      expect(argv.slice(before.length)).toEqual(expect.arrayContaining(args));
      expect(before.findLast((word) => word.startsWith('-')) ?? '').not.toMatch(ofMany);
    }
  });

  it.each(each)('of %s is one, whatever its session leaves without a value', (_, agent, how) => {
    for (const shape of shapesOf(agent)) {
      const { argv } = agent.launch(turn('x', { ...shape, args: ['--lacks-its-value'] }));
      expect(argv).toEqual(expect.arrayContaining([...how.holds]));
      const next = argv[argv.indexOf('--lacks-its-value') + 1] ?? '';
      if (how.takesFlags) expect(how.holds).not.toContain(next);
      else expect(next).toMatch(/^-/);
    }
  });

  const withCommands = each.flatMap(([label, agent, { commands = [] }]) =>
    commands.map((command) => [label, command, agent] as const),
  );
  it.each(withCommands)('of %s is never its command %s', (_, command, agent) => {
    for (const args of [
      [command, 'add', 'x'],
      ['--debug', command],
    ]) {
      expect(() => agent.launch(turn('x', { args, readOnly: true }))).toThrow(AgentUnsupported);
      expect(agent.launch(turn('x', { args })).argv).toEqual(expect.arrayContaining(args));
    }
  });
});
