import { type AgentAdapter, type TurnRequest } from '../adapter.js';
import { AgentUnsupported } from '../failures/agent-errors.js';

type Able = Pick<AgentAdapter, 'label' | 'capabilities' | 'needsCommand' | 'ownOptions'>;

type Launches = Pick<AgentAdapter, 'label' | 'capabilities' | 'launch'>;

/** With what a session has its agent started. */
type Started = Pick<TurnRequest, 'args' | 'command'>;

interface Fault {
  pointer: string;
  message: string;
  hint: string;
}

interface Settings {
  model?: string | null | undefined;
  effort?: string | null | undefined;
  /** Undefined is what is not settled here. */
  command?: string | null | undefined;
}

/**
 * What a session settles once for all of its turns, if its agent's CLI can be told.
 *
 * @param at where the settings are in the request, as a JSON pointer
 * @throws {AgentUnsupported} what it cannot be told is never left out in silence
 */
export const requireSettings = (
  { label, capabilities, needsCommand = false }: Able,
  { model, effort, command }: Settings,
  at = '',
): void => {
  const faults: Fault[] = [];
  if (typeof model === 'string' && !capabilities.model) {
    faults.push({
      pointer: `${at}/model`,
      message: `${label} cannot be told which model to use`,
      hint: 'Leave out the model; the agent uses the one of its own settings.',
    });
  }
  if (typeof effort === 'string' && !capabilities.effort.includes(effort)) {
    const known = capabilities.effort.join(', ');
    faults.push({
      pointer: `${at}/effort`,
      message:
        known === ''
          ? `${label} cannot be told how much effort to make`
          : `${label} knows no effort "${effort}"`,
      hint: known === '' ? 'Leave out the effort.' : `Choose one of: ${known}.`,
    });
  }
  if (command === null && needsCommand) {
    faults.push({
      pointer: `${at}/command`,
      message: `${label} can be any program, and none is named`,
      hint: 'Give its command, and the arguments of the session where it needs some.',
    });
  }
  refuse(faults);
};

/**
 * That the arguments of a session leave to the server what is the server's.
 *
 * @param at where the settings are in the request, as a JSON pointer
 * @throws {AgentUnsupported}
 */
export const requireArguments = (
  { label, ownOptions }: Able,
  { args = [], model, effort }: Settings & { args?: readonly string[] | undefined },
  at = '',
): void => {
  if (!ownOptions) return;
  const owned = [
    ownOptions.always,
    ...(typeof model === 'string' ? [ownOptions.model] : []),
    ...(typeof effort === 'string' && ownOptions.effort ? [ownOptions.effort] : []),
  ];
  refuse(
    args.flatMap((arg, index) =>
      owned.some((option) => option.test(arg))
        ? [
            {
              pointer: `${at}/args/${index}`,
              message: `${arg} is not for the session to say: the server itself says it to ${label}`,
              hint: 'Leave it out of the arguments; model and effort are settings of the session.',
            },
          ]
        : [],
    ),
  );
};

/**
 * What a turn wants of its agent, started as its session says.
 *
 * @throws {AgentUnsupported} what its CLI cannot do is never left out in silence
 */
export const requireTurn = (
  adapter: Launches,
  turn: {
    readOnly?: boolean | undefined;
    images?: readonly unknown[] | undefined;
    fresh?: boolean | undefined;
  },
  session: Started,
): void => {
  const { label, capabilities } = adapter;
  const faults = turn.readOnly ? whyItMayWrite(adapter, session, '/readOnly') : [];
  if (turn.images?.length && !capabilities.images) {
    faults.push({
      pointer: '/images',
      message: `${label} takes no images`,
      hint: 'Send the turn without images.',
    });
  }
  if (turn.fresh === false && !capabilities.resume) {
    faults.push({
      pointer: '/fresh',
      message: `${label} cannot go on with a conversation`,
      hint: 'Leave out `fresh`: every turn of this agent is a new conversation.',
    });
  }
  refuse(faults);
};

/**
 * That a session can be sent turns that only read.
 *
 * @param pointer what is at fault in the request when it cannot
 * @throws {AgentUnsupported}
 */
export const requireReadOnly = (adapter: Launches, session: Started, pointer: string): void => {
  refuse(whyItMayWrite(adapter, session, pointer));
};

const whyItMayWrite = (adapter: Launches, session: Started, pointer: string): Fault[] => {
  const { label, capabilities } = adapter;
  if (capabilities.readOnly === 'none') {
    const hint = 'Send a turn that may write, or use another agent.';
    return [{ pointer, message: `${label} cannot be kept from writing`, hint }];
  }
  // Only the adapter knows with which arguments it can: it is asked as it will be when the turn begins.
  try {
    adapter.launch({ ...NOTHING_ASKED, ...session });
    return [];
  } catch (error) {
    if (!(error instanceof AgentUnsupported)) throw error;
    return [{ pointer, message: error.message, hint: error.hint ?? '' }];
  }
};

const NOTHING_ASKED: Omit<TurnRequest, 'args' | 'command'> = {
  ...{ prompt: '', readOnly: true, images: [], providerSessionId: null, spentBefore: null },
  ...{ model: null, effort: null, cwd: '/', directory: '/turn' },
};

const refuse = (faults: readonly Fault[]): void => {
  const [first] = faults;
  if (!first) return;
  const errors = faults.map(({ pointer, message }) => ({ pointer, detail: message }));
  throw new AgentUnsupported(first.message, { hint: first.hint, errors });
};
