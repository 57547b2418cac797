import { describe, expect, it } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/failures/agent-errors.js';
import { OpenCodeAdapter } from '../../../src/agents/opencode/opencode-adapter.js';
import { turn } from '../../support/run-agent.js';
import { exited } from './recordings.js';

const adapter = new OpenCodeAdapter();
const PLACE = { cwd: '/work', directory: '/tmp/turns/4f1c-unguessable' };
const SESSION = 'ses_dfc0beafaffeJabaK9x8WawE1Y';

describe('A turn of OpenCode', () => {
  it('asks nobody, and asks no model for a title', () => {
    const { argv, fixedEnv, files } = adapter.launch(turn('x', PLACE));
    expect(argv).toEqual([
      ...['opencode', 'run', '--auto', '--format', 'json', '--thinking', '--title=Maestro'],
    ]);
    expect({ fixedEnv, files }).toEqual({ fixedEnv: {}, files: [] });
  });

  it('names its conversation, model and effort', () => {
    const { argv } = adapter.launch(
      turn('x', { ...PLACE, providerSessionId: SESSION, model: 'a/b', effort: 'high' }),
    );
    expect(argv.join(' ')).toContain('--model a/b --variant high');
    expect(argv.at(-1)).toBe(`--session=${SESSION}`);
    expect(argv.join(' ')).not.toContain('--title');
  });

  it('resumes no conversation that has no id', () => {
    for (const providerSessionId of ['latest', '--continue', '../ses_x', '']) {
      expect(() => adapter.launch(turn('x', { ...PLACE, providerSessionId }))).toThrow(
        AgentUnsupported,
      );
    }
  });

  it.each([['--auto'], ['--yolo'], ['--dangerously-skip-permissions']])(
    'is not told twice to ask nobody, by %s',
    (arg) => {
      const { argv } = adapter.launch(turn('x', { ...PLACE, args: [arg] }));
      expect(argv.filter((each) => each === '--auto' || each === arg)).toEqual([arg]);
    },
  );

  it('has images in files of its own', () => {
    const image = { name: '../../x', mediaType: 'image/png', data: 'AAAA' } as const;
    const { argv, files } = adapter.launch(turn('x', { ...PLACE, images: [image] }));
    expect(argv).toContain(`--file=${PLACE.directory}/image-1.png`);
    expect(files?.map(({ name }) => name)).toEqual(['image-1.png']);
  });
});

describe('A read-only turn of OpenCode', () => {
  it('is that of an agent whose name nobody knows, with nothing but what reads', () => {
    const { argv, fixedEnv, files } = adapter.launch(turn('x', { ...PLACE, readOnly: true }));
    expect(argv).toContain('--agent=reader-4f1c-unguessable');
    expect(argv).not.toContain('--auto');
    expect(fixedEnv?.['OPENCODE_CONFIG_DIR']).toBe(PLACE.directory);
    // Plugins and tools of the project could give it more.
    expect(fixedEnv?.['OPENCODE_DISABLE_PROJECT_CONFIG']).toBe('1');
    const settings = files?.find(({ name }) => name === 'opencode.json')?.content.toString() ?? '';
    const { agent, instructions } = JSON.parse(settings) as {
      agent: Record<string, { permission: Record<string, unknown> }>;
      instructions: string[];
    };
    expect(instructions).toEqual([`${PLACE.cwd}/AGENTS.md`]);
    const permission = agent['reader-4f1c-unguessable']?.permission ?? {};
    // The last rule that fits is the one that counts.
    expect(Object.entries(permission)[0]).toEqual(['*', 'deny']);
    for (const tool of ['bash', 'edit', 'write', 'patch', 'task', 'external_directory']) {
      expect(permission).not.toHaveProperty(tool);
    }
    expect(JSON.parse(fixedEnv?.['OPENCODE_PERMISSION'] ?? '')).toEqual(permission);
  });

  it.each([
    ...[['--agent', 'build'], ['--agent=build'], ['--attach=http://127.0.0.1:1'], ['--']],
    ...[['--command', 'x'], ['--dir=/'], ['-i'], ['--interactive']],
  ])('cannot be given the argument %s', (...args) => {
    const launch = (readOnly: boolean) => adapter.launch(turn('x', { ...PLACE, readOnly, args }));
    expect(() => launch(true)).toThrow(AgentUnsupported);
    expect(launch(false).argv).toEqual(expect.arrayContaining(args));
  });

  it('is no success where another agent has done it', () => {
    const request = turn('x', { ...PLACE, readOnly: true });
    const lines = [
      { type: 'text', sessionID: SESSION, part: { messageID: 'm', text: 'Done.' } },
      { type: 'step_finish', sessionID: SESSION, part: { reason: 'stop' } },
    ];
    const state = lines
      .map((event) => JSON.stringify(event))
      .reduce((each, line) => adapter.parse(each, line).state, adapter.initialState());
    expect(adapter.conclude(state, exited(0), request)).toEqual({
      ...{ kind: 'completed', text: 'Done.' },
    });
    const notice =
      '\u001b[93m\u001b[1m!\u001b[0m agent "reader-4f1c-unguessable" not found. Falling back to default agent\n';
    expect(adapter.conclude(state, exited(0, notice), request)).toMatchObject({
      ...{ kind: 'failed', failure: { code: 'agent/unsupported', recoverable: false } },
    });
    const other = { ...request, readOnly: false };
    expect(adapter.conclude(state, exited(0, notice), other).kind).toBe('completed');
  });
});
