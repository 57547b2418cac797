import { playbookShape, type Run, runShape, type StreamEvent } from '../api-shapes.js';
import { followRun, RunProgress } from '../run-follow.js';
import { type Stage } from './demo-stage.js';
import { type Blows, Outage } from './outage.js';
import { DOCUMENTS } from './projects.js';
import { type ReadyWorktree, watchRemote, watchTasks } from './watches.js';

/** What happened in the second act, for the proofs. */
export interface PlaybookAct {
  run: Run;
  worktree: ReadyWorktree;
  branch: string;
  /** All that was followed live, through both outages. */
  runEvents: StreamEvent[];
  sessionEvents: StreamEvent[];
  blows: Blows;
}

/** Two documents with five tasks, worked through on the remote in a new worktree, while link and server are hit. */
export const actPlaybook = async (stage: Stage): Promise<PlaybookAct> => {
  const { api, narrator, world, shop, remote } = stage;
  narrator.act('Act 2: a playbook on the remote');
  const branch = `price-list-${world.tag}`;
  const playbook = await api.post(
    '/playbooks',
    {
      name: `release-${world.tag}`,
      documents: DOCUMENTS.map((path) => ({ path, resetOnCompletion: false })),
      ...{ loop: false, sessionId: shop.id },
      worktree: { branch, base: 'main', pullRequest: false },
    },
    playbookShape,
  );
  const documents = DOCUMENTS.join(', ');
  narrator.step(`Playbook ${playbook.name} (${documents}), on ${remote.name}, branch ${branch}`);
  const body = { sessionId: shop.id, playbookId: playbook.id };
  const started = await api.start('/runs', body, runShape);
  stage.underWay.push({
    ...{ path: `/runs/${started.id}`, stop: 'kill' },
    atRest: ['completed', 'failed', 'stopped'],
  });
  const act = await watch(stage, started);
  narrator.actEnds();
  return { ...act, branch };
};

const watch = async (stage: Stage, started: Run): Promise<Omit<PlaybookAct, 'branch'>> => {
  const { api, narrator } = stage;
  const outage = new Outage(stage);
  const runEvents: StreamEvent[] = [];
  const progress = new RunProgress();
  const tasks = watchTasks(stage, started.id, (event) => {
    outage.see(event);
  });
  // When the run itself fails, that is what is told.
  tasks.catch(() => undefined);
  const link = watchRemote(stage);
  try {
    const run = await followRun(api, started.id, {
      signal: stage.signal,
      onEvent: (event) => {
        runEvents.push(event);
        for (const line of progress.linesOf(event)) narrator.step(line);
      },
      onLink: (up) => {
        if (up) narrator.note('this client is connected again, and goes on at its cursor');
      },
    });
    await outage.over();
    const { worktree, finish } = await tasks;
    return { run, worktree, runEvents, sessionEvents: await finish(), blows: outage.blows };
  } finally {
    await link.stop();
  }
};
