import { type ContentBlock } from '@agentclientprotocol/sdk';
import { type TurnRequest } from '../adapter.js';
import { type Incoming } from './messages.js';
import { isReason } from './notices.js';
import { ASK, type Asked, initialized, opened, PROTOCOL_VERSION, prompted } from './protocol.js';
import { settingsOf } from './session-settings.js';
import { ask, end, remember, type Step } from './step.js';
import { modelOf, usageOf } from './turn-usage.js';

type Answer = Pick<Extract<Incoming, { kind: 'response' }>, 'result' | 'error'>;

const DATA_LENGTH = 4_000;

/** What follows an answer: the agent is met, the conversation opened, set up, and then comes the prompt. */
export const answered = (
  step: Step,
  asked: Asked,
  { result, error }: Answer,
  turn: TurnRequest,
): Step => {
  if (asked === ASK.catchUp) return caughtUp(step, turn);
  if (error !== null) {
    const { code, message, data } = error;
    const { text } = step.state;
    // Some say it where the answer would stand, too.
    const isSaid = text !== null && `${message} ${JSON.stringify(data)}`.includes(text.trim());
    const state = { ...step.state, text: isSaid ? null : text };
    return end({ ...step, state }, { kind: 'error', asked, code, message, data: brief(data) });
  }
  switch (asked) {
    case ASK.initialize:
      return open(step, result, turn);
    case ASK.begin:
    case ASK.load:
    case ASK.resume:
      return setUp(step, asked, result, turn);
    case ASK.setOption:
    case ASK.setMode:
    case ASK.setModel:
      return goOn(remember(step, { settings: step.memory.settings.slice(1) }), turn);
    case ASK.prompt:
      return conclude(step, result, turn);
  }
};

const open = (step: Step, result: unknown, turn: TurnRequest): Step => {
  const met = initialized.safeParse(result).data;
  if (met === undefined) return stopped(step, 'agent/protocol', NOT_THE_PROTOCOL);
  const { protocolVersion, agentCapabilities, agentInfo, authMethods } = met;
  const label = agentInfo?.title ?? agentInfo?.name ?? null;
  const next = remember(step, {
    ...{ label, name: agentInfo?.name ?? null },
    signIn:
      authMethods.map(({ name, description }) => description ?? name ?? '').join('; ') || null,
  });
  if (protocolVersion !== PROTOCOL_VERSION) {
    return stopped(next, 'agent/unsupported', {
      message: `it speaks version ${protocolVersion} of the Agent Client Protocol, not ${PROTOCOL_VERSION}`,
      hint: 'Install a version of the agent that speaks it.',
    });
  }
  if (turn.images.length > 0 && agentCapabilities?.promptCapabilities.image !== true) {
    return stopped(next, 'agent/unsupported', {
      message: 'it takes no images',
      hint: 'Send the turn without images, or use another agent.',
    });
  }
  const { providerSessionId: sessionId, cwd } = turn;
  const place = { cwd, mcpServers: [] };
  if (sessionId === null) return ask(next, ASK.begin, place);
  if (agentCapabilities?.loadSession) return ask(next, ASK.load, { sessionId, ...place });
  return agentCapabilities?.sessionCapabilities.resume
    ? ask(next, ASK.resume, { sessionId, ...place })
    : stopped(next, 'agent/session-not-found', {
        message: 'it cannot go on with an earlier conversation',
        hint: 'Send the turn with a fresh conversation.',
      });
};

const setUp = (step: Step, asked: Asked, result: unknown, turn: TurnRequest): Step => {
  const session = opened.safeParse(result ?? {}).data;
  const id = session?.sessionId ?? turn.providerSessionId;
  if (session === undefined || id === null) {
    return stopped(step, 'agent/protocol', NOT_THE_PROTOCOL);
  }
  const settings = settingsOf(session, turn);
  if (!Array.isArray(settings)) return stopped(step, 'agent/unsupported', settings);
  const state = { ...step.state, providerSessionId: id };
  const next = remember({ ...step, state }, { settings });
  // Not all have told the conversation again by then.
  return asked === ASK.load ? ask(next, ASK.catchUp, {}) : goOn(next, turn);
};

/** Some agents begin a conversation when they do not find the one they are to load; but a loaded one is told again. */
const caughtUp = (step: Step, turn: TurnRequest): Step =>
  step.memory.replayed
    ? goOn(step, turn)
    : stopped(
        { ...step, state: { ...step.state, providerSessionId: null } },
        'agent/session-not-found',
        {
          message: `it has loaded nothing of the conversation ${String(turn.providerSessionId)}`,
          hint: 'Send the turn with a fresh conversation.',
        },
      );

const goOn = (step: Step, turn: TurnRequest): Step => {
  const sessionId = step.state.providerSessionId;
  const [setting] = step.memory.settings;
  if (setting) return ask(step, setting.asked, { sessionId, ...setting.params });
  const prompt: ContentBlock[] = [
    { type: 'text', text: turn.prompt },
    ...turn.images.map(
      ({ mediaType: mimeType, data }) => ({ type: 'image', mimeType, data }) as const,
    ),
  ];
  return ask(step, ASK.prompt, { sessionId, prompt });
};

const conclude = (step: Step, result: unknown, turn: TurnRequest): Step => {
  const told = prompted.safeParse(result).data;
  if (told === undefined) return stopped(step, 'agent/protocol', NOT_THE_PROTOCOL);
  const { state, memory } = step;
  const usage = usageOf(told, state.usage, memory.context, turn.providerSessionId === null);
  const model = modelOf(told) ?? state.model;
  const text = isReason(memory, usage) ? null : state.text;
  return end(
    { ...step, state: { ...state, usage, model, text } },
    { kind: 'answered', stopReason: told.stopReason },
  );
};

const NOT_THE_PROTOCOL = {
  message: 'it gave an answer that is none of the Agent Client Protocol',
  hint: 'Update the agent on that host.',
};

const stopped = (
  step: Step,
  code: 'agent/unsupported' | 'agent/session-not-found' | 'agent/protocol',
  why: { message: string; hint: string },
): Step => end(step, { kind: 'stopped', code, ...why });

const brief = (data: unknown): unknown => {
  const text = JSON.stringify(data) as string | undefined;
  return text === undefined || text.length <= DATA_LENGTH ? data : text.slice(0, DATA_LENGTH);
};
