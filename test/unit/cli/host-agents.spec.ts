import { afterEach, expect, it } from '@jest/globals';
import { aRemote } from './answers.js';
import { FakeServer, maestro } from './fake-server.js';

const BOX = '/remotes/019a0000-0000-7000-8000-0000000000b1';
const servers: FakeServer[] = [];
const setup = async (): Promise<FakeServer> => {
  const server = await FakeServer.start();
  servers.push(server);
  return server.list('/remotes', [aRemote()]);
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

it('shows which agents are on a host, and who is signed in', async () => {
  const here = { agent: 'claude-code', found: true, path: '/bin/claude', version: '2.1.330' };
  const items = [
    { ...here, login: 'signed-in', account: 'ada@example.org', error: null },
    { agent: 'codex', found: true, path: '/bin/codex', version: null, login: 'unknown' },
    { agent: 'qwen', found: false, path: null, version: null, login: 'unknown' },
  ];
  const server = (await setup())
    .on(`GET ${BOX}/agents`, { body: items })
    .on('GET /hosts/local/agents', { body: items });
  const { exitCode, stdout } = await maestro(server, ['remotes', 'agents', 'box']);
  expect(exitCode).toBe(0);
  expect(stdout.split('\n')).toEqual([
    'AGENT        VERSION    LOGIN                         PATH',
    'claude-code  2.1.330    signed-in as ada@example.org  /bin/claude',
    'codex        ?                                        /bin/codex',
    'qwen         not found',
    '',
  ]);
  const local = await maestro(server, ['remotes', 'agents', 'local', '--json']);
  expect(JSON.parse(local.stdout)).toEqual({ items });
});

it('shows the models that an agent lists', async () => {
  const models = {
    items: [
      { id: 'gpt-5.5', name: 'GPT-5.5', contextWindow: 272_000, effort: ['low', 'high'] },
      { id: 'bare', name: null, contextWindow: null, effort: null },
    ],
  };
  const server = (await setup()).on(`GET ${BOX}/agents/codex/models`, { body: models });
  const { stdout } = await maestro(server, ['remotes', 'models', 'box', 'codex']);
  expect(stdout).toBe('MODEL    NAME     EFFORT\ngpt-5.5  GPT-5.5  low high\nbare\n');
});
