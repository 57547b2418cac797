import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Run } from '../../../src/modules/autorun/index.js';
import {
  type GroupChat,
  type Message,
  type Round,
} from '../../../src/modules/groupchat/groupchat.answers.js';
import { type Turn } from '../../../src/modules/sessions/index.js';
import { type AgentServer } from '../../support/agent-server.js';
import { type Api } from '../../support/api.js';
import { demoModel } from '../../support/demo-model.js';
import { Project } from '../../support/project.js';
import { type Runs } from './contract.js';
import { type RealCli, type Subject, triesOf } from './subject.js';

/** What the engines do with an agent: a playbook in a worktree of a remote, and a group chat. */
export const workOf = (
  { adapter }: Subject,
  real: RealCli,
  shared: () => AgentServer,
  runs: Runs,
): void => {
  const { withheld } = real.work;
  const limitMs = 6 * real.turnMs;
  let server: AgentServer;
  let api: Api;
  let remoteId: string | null;
  let project: Project;
  let agent: object;

  beforeEach(async () => {
    server = await shared().apart(demoModel);
    api = server.api;
    remoteId = server.remoteIds.remote;
    project = await Project.create();
    await project.git('config', 'user.name', 'Agent');
    await project.git('config', 'user.email', 'agent@t.invalid');
    agent = {
      ...{ ...server.agent, cwd: project.dir, env: server.env() },
      args: [...(real.args ?? []), ...real.work.args],
    };
  });
  afterEach(async () => {
    await server.cleanUp();
    await project.remove();
  });

  const session = async (name: string, where: object = {}): Promise<string> =>
    (await api.post<{ id: string }>('/sessions', { ...agent, name, ...where })).id;
  const turnsOf = (ids: (string | null)[]): Promise<Turn[]> =>
    Promise.all(ids.map((id) => api.get<Turn>(`/turns/${id ?? ''}`)));

  const doPlaybook = async (): Promise<void> => {
    await project.document(
      'release.md',
      `# Release
- [ ] Create \`src/prices.js\` with \`export const prices = {};\`
- [ ] Append \`Prices are in euros.\` to \`README.md\`
- [ ] Create \`VERSION\` with \`1.1.0\`, then commit everything with message \`Release 1.1.0\`
`,
    );
    const sessionId = await session('Worker', { remoteId });
    const playbook = await api.post<{ id: string }>('/playbooks', {
      ...{ name: 'Release', documents: [{ path: 'release.md' }], prompt: 'Be brief.' },
      worktree: { branch: 'release' },
    });
    const started = await api.post<Run>('/runs', { sessionId, playbookId: playbook.id });
    const run = await api.until<Run>(
      `/runs/${started.id}`,
      ({ state }) => ['completed', 'failed', 'paused', 'stopped'].includes(state),
      limitMs,
    );
    expect(run).toMatchObject({ state: 'completed', progress: { tasksDone: 3, tasksTotal: 3 } });
    const { items } = await api.get<{ items: { turnId: string }[] }>(`/runs/${run.id}/tasks`);
    const turns = await turnsOf(items.map(({ turnId }) => turnId));
    const done = { state: 'completed', attempts: 1, host: { kind: 'ssh', remoteId } };
    expect(turns).toMatchObject([done, done, done]);
    expect(turns[2]?.text).toMatch(/^Done: Create `VERSION`/);
    // A conversation of its own for each task.
    const conversations = turns.flatMap(({ providerSessionId }) => providerSessionId ?? []);
    expect(new Set(conversations).size).toBe(adapter.capabilities.resume ? 3 : 0);

    const worktree = project.worktree('release');
    const read = (path: string): Promise<string> => readFile(join(worktree, path), 'utf8');
    expect((await read('.maestro/playbooks/release.md')).match(/^- \[.\]/gm)).toEqual(
      Array(3).fill('- [x]'),
    );
    expect(await read('README.md')).toBe('# A project\nPrices are in euros.\n');
    expect(await project.git('log', '--format=%s', 'main..release')).toBe('Release 1.1.0');
    expect(await project.git('show', '--stat=80', '--format=', 'release')).toContain('prices.js');
    expect(await project.git('status', '--porcelain')).toBe('');
    expect(JSON.stringify(server.model.requests.at(-1)?.messages)).toContain('Be brief.');
  };

  const moderate = async (): Promise<void> => {
    const near = await session('Near');
    const far = await session('Far', { remoteId });
    const chat = await api.post<GroupChat>('/groupchats', {
      ...{ name: 'Standup', moderator: { ...agent, remoteId }, participants: [near, far] },
    });
    const path = `/groupchats/${chat.id}`;
    await api.post(`${path}/messages`, { text: 'What was done last?' });
    await api.until<GroupChat>(path, ({ state }) => state === 'idle', limitMs);
    const { items: messages } = await api.get<{ items: Message[] }>(`${path}/messages`);
    const said = 'The last commit is "begin".';
    expect(messages.map(({ from, name, text }) => [from, from === 'participant' ? name : '', text]))
      // Who of two is quicker is open.
      .toEqual([
        ['user', '', 'What was done last?'],
        ['moderator', '', '@Near and @Far: what was done last in your project?'],
        ...[expect.anything(), expect.anything()],
        ['moderator', '', '@Near: is that all?'],
        ['participant', 'Near', said],
        ['moderator', '', `They said:\n- Near: ${said}\n- Far: ${said}\n- Near: ${said}`],
      ]);
    expect(
      messages
        .slice(2, 4)
        .map(({ name, text }) => `${name}: ${text}`)
        .sort(),
    ).toEqual([`Far: ${said}`, `Near: ${said}`]);
    const { items: rounds } = await api.get<{ items: Round[] }>(`${path}/rounds`);
    const asked = rounds.flatMap((round) => round.turns);
    const turns = await turnsOf(asked.map(({ turnId }) => turnId));
    const tries = triesOf(real);
    const isWell = ({ state, attempts }: Turn): boolean =>
      state === 'completed' && attempts <= tries;
    expect(turns.filter((turn) => !isWell(turn))).toEqual([]);
    const moderated = turns.filter(({ kind }) => kind === 'moderator');
    const onRemote = { readOnly: true, host: { kind: 'ssh', remoteId } };
    expect(moderated).toMatchObject([onRemote, onRemote, onRemote]);
    // One that is only asked not to write has nothing there to write to.
    const apart = adapter.capabilities.readOnly !== 'enforced';
    expect(moderated.map(({ cwd }) => cwd !== project.dir)).toEqual([apart, apart, apart]);
    const ofNear = turns.filter(
      ({ sessionId, kind }) => sessionId === near && kind === 'participant',
    );
    // Asked again, it still knows what it was asked before.
    const conversations = new Set(ofNear.map(({ providerSessionId }) => providerSessionId));
    if (tries === 1) {
      expect(conversations.size).toBe(adapter.resumesCopies === true ? ofNear.length : 1);
    }
    expect(turns.find(({ sessionId }) => sessionId === far)?.host).toMatchObject({ remoteId });
    const toolsOf = (role: string): Set<string> =>
      new Set(
        server.model.requests
          .filter(({ messages }) => JSON.stringify(messages).includes(`ROLE: ${role}`))
          .flatMap(({ tools }) => tools),
      );
    expect([...toolsOf('participant')]).toEqual(expect.arrayContaining([...withheld]));
    expect([...toolsOf('moderator')].filter((tool) => withheld.includes(tool))).toEqual([]);
  };

  it(
    'does a playbook in a worktree of a remote, and ticks every box itself',
    runs.of('playbook', doPlaybook),
    limitMs + 60_000,
  );
  it(
    'moderates a group chat on a remote where it can change nothing, and takes part in it',
    runs.of('group-chat', moderate),
    limitMs + 60_000,
  );
};
