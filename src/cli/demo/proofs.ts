import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StreamEvent, taskShape, type Turn, turnShape } from '../api-shapes.js';
import { readEvents } from '../event-stream.js';
import { outputOf, turnIdOf } from '../turn-follow.js';
import { type PlaybookAct } from './act-playbook.js';
import { isDemoAgent, type Stage } from './demo-stage.js';
import { executionsOf, readJournal } from './journal.js';
import { DOCUMENTS, git, LAST_COMMIT, PLAYBOOK_FOLDER } from './projects.js';

const TASKS = 5;

/** What must be true after both acts, each read back from where it really is. */
export const provePlaybook = async (
  stage: Stage,
  act: PlaybookAct,
  before: { head: string },
): Promise<Turn[]> => {
  const turns = await turnsOf(stage, act);
  await proveWork(stage, act, before);
  proveTurns(stage, act, turns);
  await proveJournal(stage, act, turns);
  return turns;
};

const turnsOf = async ({ api }: Stage, { run }: PlaybookAct): Promise<Turn[]> => {
  const tasks = await api.all(`/runs/${run.id}/tasks`, taskShape);
  const ids = tasks.flatMap(({ turnId }) => turnId ?? []);
  return Promise.all(ids.map((id) => api.get(`/turns/${id}`, turnShape)));
};

const proveWork = async (
  { narrator, world, agent }: Stage,
  { run, worktree, branch }: PlaybookAct,
  before: { head: string },
): Promise<void> => {
  const project = world.projects.api;
  const texts = await Promise.all(
    DOCUMENTS.map((path) => readFile(join(worktree.path, PLAYBOOK_FOLDER, path), 'utf8')),
  );
  const ticked = texts.join('').match(/^- \[x\] /gim)?.length ?? 0;
  narrator.proof(
    run.state === 'completed' && ticked === TASKS,
    `The run is ${run.state}; ${ticked} of ${TASKS} boxes are ticked in the worktree`,
  );
  const log = await git(project, 'log', '--format=%h %s', `main..${branch}`);
  narrator.proof(
    isDemoAgent(agent)
      ? log.split('\n')[0]?.endsWith(` ${LAST_COMMIT}`) === true
      : log.includes(LAST_COMMIT),
    `git log ${branch}: ${log.split('\n')[0] || 'nothing was committed'}`,
  );
  const [head, branchNow, status] = await Promise.all([
    git(project, 'rev-parse', 'HEAD'),
    git(project, 'symbolic-ref', '--short', 'HEAD'),
    git(project, 'status', '--porcelain'),
  ]);
  narrator.proof(
    head === before.head && branchNow === 'main' && status === '',
    'The original working tree is untouched',
  );
};

const proveTurns = (
  { narrator, agent, remote }: Stage,
  { sessionEvents, blows }: PlaybookAct,
  turns: readonly Turn[],
): void => {
  const good = turns.filter(({ state, attempts }) => state === 'completed' && attempts === 1);
  const enough = isDemoAgent(agent) ? turns.length === TASKS : turns.length > 0;
  narrator.proof(
    enough && good.length === turns.length,
    `${good.length} of ${turns.length} task turns completed at the first attempt`,
  );
  const fresh = new Set(turns.map(({ providerSessionId }) => providerSessionId));
  narrator.proof(
    fresh.size === turns.length && !fresh.has(null),
    `Each task had a fresh agent session: ${fresh.size} in all`,
  );
  const remotely = turns.filter(({ host }) => host.kind === 'ssh' && host.remoteId === remote.id);
  const hostnames = [...new Set(remotely.map(({ host }) => host.hostname ?? '?'))].join(', ');
  narrator.proof(
    remotely.length === turns.length && turns.length > 0,
    `No task ran locally: ${remotely.length} of ${turns.length} ran over SSH, on ${hostnames || 'nothing'}`,
  );
  proveOutput(narrator, sessionEvents, turns);
  const hit = turns.find(({ id }) => id === blows.killedTurnId);
  narrator.proof(
    hit?.state === 'completed' && hit.attempts === 1 && startedBefore(hit, blows.killedAt),
    'The task during which the server was killed went on and completed, at the first attempt',
  );
  const cut = turns.find(({ id }) => id === blows.cutTurnId);
  narrator.proof(
    cut?.state === 'completed' && cut.attempts === 1,
    'So did the task during which the link was cut',
  );
};

/** What an agent says last is the turn's text; what it said before, in the same turn, comes before it. */
const proveOutput = (
  narrator: Stage['narrator'],
  events: readonly StreamEvent[],
  turns: readonly Turn[],
): void => {
  const outputs = turns.map(({ id, text }) => ({
    text: text ?? '',
    said: events
      .filter((event) => turnIdOf(event) === id)
      .map(outputOf)
      .join(''),
  }));
  const streamed = outputs.filter(({ said }) => said !== '');
  if (streamed.length === 0) {
    narrator.note('This agent does not stream: there are no deltas to compare.');
    return;
  }
  const whole = streamed.filter(({ said, text }) => said.trimEnd().endsWith(text.trimEnd()));
  const characters = streamed.reduce((sum, { said }) => sum + said.length, 0);
  narrator.proof(
    whole.length === turns.length,
    `No output was lost: the ${characters} characters that were streamed live end in the final texts of ${whole.length} of ${turns.length} turns`,
  );
};

const startedBefore = ({ startedAt }: Turn, moment: number): boolean =>
  startedAt !== null && Date.parse(startedAt) < moment;

const proveJournal = async (
  { narrator, agent, world }: Stage,
  { sessionEvents, blows }: PlaybookAct,
  turns: readonly Turn[],
): Promise<void> => {
  if (!isDemoAgent(agent)) {
    narrator.note(
      `${agent.agent} keeps no journal: the proofs by it are left out, those by the event log and by git are not.`,
    );
    return;
  }
  const executions = executionsOf(await readJournal(world.journal));
  const tasks = new Set(executions.map(({ task }) => task));
  const once = executions.filter(({ ends }) => ends.length === 1 && ends[0]?.exitCode === 0);
  narrator.proof(
    executions.length === TASKS && tasks.size === TASKS && once.length === TASKS,
    `The agent's own journal: ${executions.length} starts and ${once.length} ends of ${tasks.size} tasks, none ran twice`,
  );
  const complete = turns.filter(({ id, providerSessionId }) => {
    const execution = executions.find(({ start }) => start.sessionId === providerSessionId);
    const said = sessionEvents
      .filter((event) => turnIdOf(event) === id)
      .map(outputOf)
      .join('');
    return execution && said === wholeOutput(execution.task);
  });
  narrator.proof(
    complete.length === TASKS,
    `Every word that it said arrived once and in order, in ${complete.length} of ${TASKS} tasks`,
  );
  narrator.proof(
    blows.endedAlone !== null,
    blows.endedAlone === null
      ? 'The agent did not end its task while the server was dead'
      : `The agent ended its task at ${blows.endedAlone.slice(11, 23)} UTC, ${blows.backAt - Date.parse(blows.endedAlone)} ms before the server was back`,
  );
};

/** What the demo agent says in a task that succeeds; separate messages of a turn are paragraphs. */
const wholeOutput = (task: string): string => `Next: ${task}\n\nDid: ${task}`;

/** The log of each stream has no gap, and is what this client was sent live. */
export const proveLogs = async (
  { api, narrator }: Stage,
  streams: readonly { stream: string; name: string; live?: readonly StreamEvent[] }[],
): Promise<void> => {
  for (const { stream, name, live } of streams) {
    const events: StreamEvent[] = [];
    for await (const event of readEvents(api, stream)) events.push(event);
    const gapless = events.length > 0 && events.every(({ seq }, index) => seq === index + 1);
    const same =
      live === undefined ||
      JSON.stringify(live.slice(0, events.length)) === JSON.stringify(events.slice(0, live.length));
    narrator.proof(
      gapless && same,
      `Event log of ${name}: ${events.length} events without a gap${live ? `, ${live.length} of them followed live through the outages` : ''}`,
    );
  }
};
