import { describe, expect, it } from '@jest/globals';
import { AgentUnsupported } from '../../../src/agents/failures/agent-errors.js';
import { CodexAdapter } from '../../../src/agents/codex/codex-adapter.js';
import { turn } from '../../support/run-agent.js';

const adapter = new CodexAdapter();
const THREAD = '01a203c1-e9d8-7620-89c3-758ce5b03af1';

describe('A turn of Codex', () => {
  it('has its prompt on stdin and never among its arguments', () => {
    const { argv, stdin } = adapter.launch(turn('--secret plan', { args: ['-i', 'a.png'] }));
    expect(stdin).toBe('--secret plan');
    expect(argv.join(' ')).not.toContain('secret');
    expect(argv.slice(-2)).toEqual(['--', '-']);
    expect(argv.join(' ')).toContain('-i a.png --sandbox');
  });

  it('resumes, with the model and the program of the session', () => {
    const more = { providerSessionId: THREAD, model: 'gpt-5.5', command: '/opt/codex' };
    const { argv } = adapter.launch(turn('x', more));
    expect(argv.slice(0, 2)).toEqual(['/opt/codex', 'exec']);
    expect(argv.slice(-6)).toEqual(['--model', 'gpt-5.5', 'resume', '--', THREAD, '-']);
  });

  it('is told how much effort to make', () => {
    const { argv } = adapter.launch(turn('x', { effort: 'xhigh', providerSessionId: THREAD }));
    expect(argv.join(' ')).toContain('-c model_reasoning_effort="xhigh" resume');
  });

  it('has its images as files that only this turn has', () => {
    const image = { name: '../a.png', mediaType: 'image/png' as const, data: 'AAEC' };
    const jpeg = { name: 'b', mediaType: 'image/jpeg' as const, data: 'Aw==' };
    const request = turn('x', { images: [image, jpeg], directory: '/run/t1' });
    const fresh = adapter.launch(request);
    expect(fresh.files).toEqual([
      { name: 'image-1.png', content: Buffer.from([0, 1, 2]) },
      { name: 'image-2.jpg', content: Buffer.from([3]) },
    ]);
    const flags = '--image /run/t1/image-1.png --image /run/t1/image-2.jpg --';
    expect(fresh.argv.join(' ')).toMatch(new RegExp(`${flags} -$`));
    const resumed = adapter.launch({ ...request, providerSessionId: THREAD });
    expect(resumed.argv.join(' ')).toMatch(new RegExp(`resume ${flags} ${THREAD} -$`));
    expect(adapter.launch(turn('x')).files).toEqual([]);
  });

  it.each(['my-thread', '--last', '', `${THREAD} --last`])(
    'resumes nothing by the name %j, which would begin a new conversation',
    (providerSessionId) => {
      expect(() => adapter.launch(turn('x', { providerSessionId }))).toThrow(AgentUnsupported);
    },
  );

  it.each([null, THREAD])('is told what it may do each time (thread %s)', (providerSessionId) => {
    const writing = adapter.launch(turn('x', { providerSessionId })).argv.join(' ');
    expect(writing).toContain('--sandbox workspace-write');
    const reading = adapter.launch(turn('x', { providerSessionId, readOnly: true })).argv.join(' ');
    expect(reading).toContain('--sandbox read-only --ignore-rules');
    expect(reading).not.toContain('workspace-write');
  });

  it.each([
    [['-s', 'danger-full-access']],
    [['-sdanger-full-access']],
    [['--sandbox', 'danger-full-access']],
    [['--sandbox=danger-full-access']],
    [['--dangerously-bypass-approvals-and-sandbox']],
    [['--approve-for-me']],
    [['--yolo']],
    [['--full-auto']],
  ])('has the sandbox %j that its session chooses, unless it is read-only', (args) => {
    const writing = adapter.launch(turn('x', { args })).argv;
    expect(writing).toEqual(expect.arrayContaining(args));
    expect(writing).not.toContain('workspace-write');
    const reading = adapter.launch(turn('x', { args: ['-i', 'a', ...args], readOnly: true })).argv;
    expect(reading.filter((arg) => args.includes(arg) && arg !== '--sandbox')).toEqual([]);
    expect(reading.join(' ')).toContain('-i a --sandbox read-only --ignore-rules --json');
  });

  it.each([
    [['--dangerously-bypass-hook-trust']],
    [['--add-dir', '/']],
    [['--worktree']],
    [['--trust']],
    [['--enable', 'code_mode']],
    [['--']],
    [['-c', 'sandbox_mode="danger-full-access"']],
    [['-c', 'mcp_servers.x.command="sh"']],
    [['-capproval_policy=never']],
    [['-c="features".code_mode=true']],
    [['--config=default_permissions=":workspace"']],
    [['-c', 'notify=["sh","-c","touch x"]']],
    [['-cnotify=["sh"]']],
    [['--config=mcp_servers={x={command="sh"}}']],
    [['-c', 'profile="fast"']],
    [['-c', 'agents.x.config_file="y"']],
    [['-c', 'model_providers.x.auth={command="sh"}']],
    [['--disable', 'x']],
    [['-o', 'answer.txt']],
    [['-oanswer.txt']],
    [['--output-last-message=answer.txt']],
    [['-p', 'fast']],
    [['-pfast']],
    [['--profile', 'fast']],
    [['--profile=fast']],
  ])('is not read-only with the arguments %j of its session, and so refused', (args) => {
    expect(() => adapter.launch(turn('x', { args, readOnly: true }))).toThrow(AgentUnsupported);
    expect(adapter.launch(turn('x', { args })).argv).toEqual(expect.arrayContaining(args));
  });

  it.each([
    [['-c', 'model_reasoning_effort="high"']],
    [['--config', 'model_providers.fake.base_url="http://x"']],
    [['-c', 'model_providers.fake.requires_openai_auth=false']],
    [['--output-schema', 'answer.json', '--oss']],
  ])('stays read-only with the arguments %j', (args) => {
    const { argv } = adapter.launch(turn('x', { args, readOnly: true }));
    expect(argv).toEqual(expect.arrayContaining(args));
  });
});
