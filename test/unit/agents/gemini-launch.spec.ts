import { describe, expect, it } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/failures/agent-errors.js';
import { GeminiCliAdapter } from '../../../src/agents/gemini-cli/gemini-cli-adapter.js';
import { turn } from '../../support/run-agent.js';

const adapter = new GeminiCliAdapter();
const CONVERSATION = 'e8818620-613c-424e-957a-7cd5639cbcfd';

describe('A turn of Gemini CLI', () => {
  it('has its prompt on stdin and never among its arguments', () => {
    const { argv, stdin } = adapter.launch(turn('--secret plan', { args: ['-e', 'none'] }));
    expect(stdin).toBe('--secret plan');
    expect(argv).toEqual([
      ...['gemini', '-e', 'none', '--approval-mode', 'yolo', '--output-format', 'stream-json'],
    ]);
  });

  it('has every at sign of its prompt escaped, and says so', () => {
    const { stdin } = adapter.launch(turn('Ask @near, or a@b.c.\n\\@x is @@'));
    expect(stdin).toBe(
      'Ask \\@near, or a\\@b.c.\n\\\\@x is \\@\\@\n\n(In all of the above, \\@ stands for the at sign alone.)',
    );
  });

  it('resumes, with the model and the program of the session', () => {
    const more = { providerSessionId: CONVERSATION, model: 'gemini-3-pro', command: '/opt/gemini' };
    const { argv } = adapter.launch(turn('x', more));
    expect(argv[0]).toBe('/opt/gemini');
    expect(argv.slice(-4)).toEqual(['--model', 'gemini-3-pro', '--resume', CONVERSATION]);
  });

  it('has its images as files of a directory that it may read, named behind the prompt', () => {
    const image = { name: 'a.png', mediaType: 'image/png' as const, data: 'AAEC' };
    const request = turn('Who @is this?', { images: [image, image], directory: '/a dir/t(1)' });
    const { argv, stdin, files } = adapter.launch(request);
    expect(argv.slice(-2)).toEqual(['--include-directories', '/a dir/t(1)']);
    expect(files?.map(({ name }) => name)).toEqual(['image-1.png', 'image-2.png']);
    expect(stdin).toBe(
      'Who \\@is this?\n\n(In all of the above, \\@ stands for the at sign alone.)\n\n@/a\\ dir/t\\(1\\)/image-1.png @/a\\ dir/t\\(1\\)/image-2.png',
    );
    expect(() => adapter.launch({ ...request, directory: '/a,b/t1' })).toThrow(AgentUnsupported);
  });

  it.each(['latest', '5', '', `${CONVERSATION} --yolo`])(
    'resumes nothing by the name %j, which may be any conversation',
    (providerSessionId) => {
      expect(() => adapter.launch(turn('x', { providerSessionId }))).toThrow(AgentUnsupported);
    },
  );

  it('runs in one process and where nobody has trusted the folder', () => {
    expect(adapter.launch(turn('x')).env).toEqual({
      ...{ GEMINI_CLI_NO_RELAUNCH: 'true', GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    });
  });

  it('is only asked not to write when it is read-only, and does not claim more', () => {
    const { argv } = adapter.launch(turn('x', { readOnly: true, args: ['-e', 'none'] }));
    expect(argv.join(' ')).toContain('-e none --approval-mode default');
    expect(argv).not.toContain('yolo');
    expect(adapter.capabilities.readOnly).toBe('advisory');
  });

  it.each([
    [['--approval-mode', 'auto_edit']],
    [['--approval-mode=default']],
    [['--approvalMode=default']],
    [['-y']],
    [['--yolo']],
  ])('has the mode %j that its session chooses, but not in a read-only turn', (args) => {
    const { argv } = adapter.launch(turn('x', { args }));
    expect(argv).toEqual(['gemini', ...args, '--output-format', 'stream-json']);
    expect(() => adapter.launch(turn('x', { args, readOnly: true }))).toThrow(AgentUnsupported);
  });

  it.each([
    [['--allowed-tools', 'run_shell_command']],
    [['--policy', 'mine.toml']],
    [['--admin-policy=mine.toml']],
    [['--']],
  ])('is not read-only with the arguments %j of its session, and so refused', (args) => {
    expect(() => adapter.launch(turn('x', { args, readOnly: true }))).toThrow(AgentUnsupported);
    expect(adapter.launch(turn('x', { args })).argv).toEqual(expect.arrayContaining(args));
  });
});
