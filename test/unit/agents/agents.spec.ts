import { describe, expect, it } from '@jest/globals';
import { AGENT_NAMES, AgentRegistry, AgentUnsupported } from '../../../src/agents/index.js';
import { turn } from '../../support/run-agent.js';

const registry = new AgentRegistry();
const claude = registry.get('claude-code');

describe('The registry of agents', () => {
  it('has the agents this server can start, each once', () => {
    const names = registry.list().map(({ agent }) => agent);
    expect(names.sort()).toEqual([...AGENT_NAMES].sort());
    expect(registry.get('demo').label).toBe('Demo agent');
  });

  it('refuses others by name', () => {
    expect(() => registry.get('tomorrow' as 'demo')).toThrow(AgentUnsupported);
    expect(() => registry.get('tomorrow' as 'demo')).toThrow(/tomorrow/);
  });
});

describe('A turn of Claude Code', () => {
  it('has its prompt on stdin and never among its arguments', () => {
    const { argv, stdin } = claude.launch(
      turn('--secret plan', { args: ['--allowedTools', 'Bash'] }),
    );
    expect(stdin).toBe('--secret plan');
    expect(argv.join(' ')).not.toContain('secret');
    expect(argv.slice(-2)).toEqual(['--allowedTools', 'Bash']);
  });

  it('resumes, with the model and the program of the session', () => {
    const more = { providerSessionId: 'abc', model: 'opus', command: '/opt/claude' };
    const { argv } = claude.launch(turn('x', more));
    expect(argv[0]).toBe('/opt/claude');
    expect(argv.join(' ')).toContain('--model opus --resume abc');
  });

  it('is told how much effort to make', () => {
    expect(claude.capabilities.effort).toContain('xhigh');
    const { argv } = claude.launch(turn('x', { effort: 'xhigh' }));
    expect(argv.join(' ')).toContain('--effort xhigh');
  });

  it('has its images beside the prompt on stdin, which then ends', () => {
    const image = { name: 'a.png', mediaType: 'image/png' as const, data: 'AAEC' };
    const request = turn('What is „this"?\n', { images: [image], providerSessionId: 'abc' });
    const { argv, stdin, interactive } = claude.launch(request);
    expect(argv.join(' ')).toContain('--input-format stream-json');
    expect(interactive).toBe(true);
    expect(stdin.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdin)).toMatchObject({
      message: {
        role: 'user',
        content: [
          { type: 'text', text: 'What is „this"?\n' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAEC' } },
        ],
      },
    });
    expect(claude.initialState(request).outbox).toEqual({
      ...{ sent: Buffer.byteLength(stdin), unsent: '', closed: true },
    });
    expect(claude.initialState(turn('x')).outbox).toBeUndefined();
  });

  it('may write unattended, also as root, unless it is read-only', () => {
    const writing = claude.launch(turn('x'));
    expect(writing.argv.join(' ')).toContain('--permission-mode bypassPermissions');
    expect(writing.env).toMatchObject({ IS_SANDBOX: '1' });
    const reading = claude.launch(turn('x', { readOnly: true }));
    expect(reading.argv.join(' ')).toContain('--permission-mode plan');
    expect(reading.env).not.toHaveProperty('IS_SANDBOX');
  });

  it.each([
    '--dangerously-skip-permissions',
    '--permission-mode=bypassPermissions',
    '--tools',
    '--settings',
    '--settings={"hooks":{}}',
    '--agents={}',
    '--plugin-url',
    '--worktree',
    '--worktree=x',
    '-w',
    '-wname',
    '-dw',
    '--debug-file',
    '--debug-file=/tmp/x',
    '--',
  ])('is not read-only with %s in the arguments of its session, and so refused', (arg) => {
    expect(() => claude.launch(turn('x', { args: [arg], readOnly: true }))).toThrow(
      AgentUnsupported,
    );
    expect(claude.launch(turn('x', { args: [arg] })).argv).toContain(arg);
  });

  it('stays read-only with arguments that lift nothing', () => {
    const args = ['--append-system-prompt', 'Be brief.', '-d', '--setting-sources', 'user'];
    const { argv } = claude.launch(turn('x', { args, readOnly: true }));
    expect(argv).toEqual(expect.arrayContaining(args));
  });
});
