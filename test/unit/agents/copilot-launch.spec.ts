import { describe, expect, it } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/failures/agent-errors.js';
import { CopilotCliAdapter } from '../../../src/agents/copilot-cli/copilot-cli-adapter.js';
import { turn } from '../../support/run-agent.js';

const adapter = new CopilotCliAdapter();
const ID = '0b24aa66-4d80-4343-9dbe-bdb2ff1d1d05';
const UUID_V4 =
  /^--session-id=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('A turn of Copilot CLI', () => {
  it('has its prompt on stdin, and asks nobody', () => {
    const { argv, stdin } = adapter.launch(turn('--secret plan'));
    expect(stdin).toBe('--secret plan');
    expect(argv.join(' ')).not.toContain('secret');
    expect(argv).toEqual(expect.arrayContaining(['--no-ask-user', '--allow-all']));
  });

  it('begins a conversation whose id is known before it is told', () => {
    const idOf = (directory: string): string =>
      adapter.launch(turn('x', { directory })).argv.at(-1) ?? '';
    expect(idOf('/tmp/a')).toMatch(UUID_V4);
    expect(idOf('/tmp/a')).toBe(idOf('/tmp/a'));
    expect(idOf('/tmp/a')).not.toBe(idOf('/tmp/b'));
  });

  it('resumes, with the model, the effort and the program of the session', () => {
    const more = { providerSessionId: ID, model: 'gpt-5.4', effort: 'high', command: '/opt/c' };
    const { argv } = adapter.launch(turn('x', more));
    expect(argv[0]).toBe('/opt/c');
    expect(argv.slice(-5)).toEqual([
      ...['--model', 'gpt-5.4', '--reasoning-effort', 'high', `--resume=${ID}`],
    ]);
  });

  it('has what it used written to a file of its own, unless its session wants that elsewhere', () => {
    const directory = '/tmp/turn';
    const { argv, report } = adapter.launch(turn('x', { directory }));
    expect(argv[argv.indexOf('--usage-output-file') + 1]).toBe(`/tmp/turn/${String(report)}`);
    for (const args of [['--usage-output-file=mine'], ['--usage-output-file', 'mine']]) {
      const own = adapter.launch(turn('x', { directory, args }));
      expect(own.argv.filter((arg) => arg.startsWith('--usage-output-file'))).toHaveLength(1);
      expect(own.report).toBeUndefined();
    }
  });

  it.each(['my chat', '--continue', '', ID.slice(0, 8), `${ID} x`])(
    'resumes nothing by the name %j, which may be that of another conversation',
    (providerSessionId) => {
      expect(() => adapter.launch(turn('x', { providerSessionId }))).toThrow(AgentUnsupported);
    },
  );

  it('shows its images, whose names are no part of a path', () => {
    const data = Buffer.from('bytes').toString('base64');
    const images = [
      { name: '../../etc/x.png', mediaType: 'image/png' as const, data },
      { name: 'b', mediaType: 'image/jpeg' as const, data },
    ];
    const { argv, files } = adapter.launch(turn('x', { images, directory: '/tmp/turn' }));
    expect(argv.filter((arg) => arg.startsWith('/tmp/turn/image'))).toEqual([
      ...['/tmp/turn/image-1.png', '/tmp/turn/image-2.jpg'],
    ]);
    expect(argv.filter((arg) => arg === '--attachment')).toHaveLength(2);
    expect(files?.map(({ name, content }) => [name, content.toString()])).toEqual([
      ...[
        ['image-1.png', 'bytes'],
        ['image-2.jpg', 'bytes'],
      ],
    ]);
    expect(adapter.launch(turn('x')).files).toEqual([]);
  });

  it.each([
    [['--allow-tool', 'shell(git:*)']],
    [['--allow-all-tools']],
    [['--yolo']],
    [['--assisted-approval']],
  ])('has the permissions %j that its session chooses, unless it is read-only', (args) => {
    const writing = adapter.launch(turn('x', { args })).argv;
    expect(writing).toEqual(expect.arrayContaining(args));
    expect(writing).not.toContain('--allow-all');
    const reading = adapter.launch(turn('x', { args, readOnly: true })).argv.join(' ');
    expect(reading).toContain(
      '--available-tools=view,grep,glob,rg,web_fetch --deny-tool=shell,write',
    );
    expect(reading).not.toContain('--allow-all --');
  });

  it.each([
    [['--available-tools', 'bash']],
    [['--available-tools=bash']],
    [['--plugin-dir=/x']],
    [['--trust-folder']],
    [['--add-dir', '/']],
    [['--share']],
    [['--share-gist']],
    [['--additional-mcp-config', '{}']],
    [['--additional-mcp-config=@x.json']],
    [['--usage-output-file', 'x']],
    [['--']],
  ])('is not read-only with the arguments %j of its session, and so refused', (args) => {
    expect(() => adapter.launch(turn('x', { args, readOnly: true }))).toThrow(AgentUnsupported);
    expect(adapter.launch(turn('x', { args })).argv).toEqual(expect.arrayContaining(args));
  });
});
