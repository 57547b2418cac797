import {
  groupChatShape,
  messageShape,
  type Round,
  roundShape,
  type Turn,
  turnShape,
} from '../api-shapes.js';
import { followAnswer } from '../chat-follow.js';
import { isDemoAgent, type Stage } from './demo-stage.js';
import { seconds } from './narrator.js';

const QUESTION = 'What is in your project, and what changed last?';

/** One question; the moderator delegates to both agents, asks one of them again, and answers. Gives the chat's id. */
export const actGroupChat = async (stage: Stage): Promise<string> => {
  const { api, narrator, agent, world, web, shop, signal } = stage;
  narrator.act('Act 1: a group chat');
  const chat = await api.post(
    '/groupchats',
    {
      name: `standup-${world.tag}`,
      moderator: {
        ...{ agent: agent.agent, cwd: world.projects.web, env: agent.env },
        ...(agent.command !== null && { command: agent.command }),
      },
      participants: [web.id, shop.id],
    },
    groupChatShape,
  );
  stage.underWay.push({ path: `/groupchats/${chat.id}`, stop: 'stop', atRest: ['idle'] });
  const handles = chat.participants.map(({ handle }) => `@${handle}`).join(' and ');
  narrator.step(`A moderator, with ${handles}`);
  const question = await api.start(
    `/groupchats/${chat.id}/messages`,
    { text: isDemoAgent(agent) ? QUESTION : `${QUESTION} ${THOROUGHLY}` },
    messageShape,
  );
  const { answer } = await followAnswer(api, chat.id, question, {
    ...{ after: 0, signal },
    onEvent: ({ type, data }) => {
      if (type === 'groupchat.state' && data['state'] === 'agents-working') {
        narrator.note('the agents work ...');
      }
    },
    onMessage: ({ name, from, text }) => {
      narrator.speech(from === 'participant' ? `@${name}` : name, text);
    },
  });
  narrator.actEnds();
  await proveGroupChat(stage, chat.id, question.id, answer?.text ?? null);
  return chat.id;
};

const THOROUGHLY =
  'Please only look, change nothing. Moderator: ask both participants first, then ask one of them one more question, then answer.';

const proveGroupChat = async (
  { api, narrator, agent, web, shop }: Stage,
  chatId: string,
  questionId: string,
  answer: string | null,
): Promise<void> => {
  const all = await api.all(`/groupchats/${chatId}/rounds`, roundShape);
  const rounds = all.filter(({ messageId }) => messageId === questionId);
  const asked = rounds.map(participantsOf).filter((turns) => turns.length > 0);
  const turns = await Promise.all(
    (asked[0] ?? []).map(({ turnId }) => api.get(`/turns/${turnId ?? ''}`, turnShape)),
  );
  const local = turns.find(({ sessionId }) => sessionId === web.id);
  const remote = turns.find(({ sessionId }) => sessionId === shop.id);
  narrator.proof(
    local?.host.kind === 'local' && remote?.host.kind === 'ssh',
    `The moderator asked both: one worked on ${placeOf(local)}, one on ${placeOf(remote)}`,
  );
  const shared = local && remote ? overlapMs(local, remote) : 0;
  narrator.proof(shared > 0, `They worked at the same time, for ${seconds(shared)}`);
  const again = asked[1]?.map(({ handle }) => `@${handle}`).join(', ');
  // What a real model decides is its own business.
  if (isDemoAgent(agent) || again) {
    narrator.proof(again !== undefined, `It asked again: ${again ?? 'nobody'}`);
  } else {
    narrator.note('The moderator saw no need to ask again.');
  }
  narrator.proof(
    answer !== null && rounds.some(({ endReason }) => endReason === 'answered'),
    'It answered the question',
  );
};

const participantsOf = ({ turns }: Round): Round['turns'] =>
  turns.filter(({ role, turnId }) => role === 'participant' && turnId !== null);

const placeOf = (turn: Turn | undefined): string =>
  turn === undefined ? 'nothing' : `${turn.host.hostname ?? '?'} (${turn.host.kind})`;

/** How long both ran at once. */
const overlapMs = (one: Turn, other: Turn): number => {
  const start = Math.max(...[one, other].map(({ startedAt }) => Date.parse(startedAt ?? '')));
  const end = Math.min(...[one, other].map(({ finishedAt }) => Date.parse(finishedAt ?? '')));
  return Number.isNaN(end - start) ? 0 : end - start;
};
