import { type ApiClient } from './api-client.js';
import { type StreamEvent, type Turn, turnShape } from './api-shapes.js';
import { follow } from './event-stream.js';

const ENDED = ['turn.completed', 'turn.failed', 'turn.cancelled', 'turn.lost'];

/** Which turn an event of a session's stream tells of. */
export const turnIdOf = ({ type, data }: StreamEvent): string | null => {
  if (!type.startsWith('turn.')) return null;
  const id = data['turnId'] ?? data['id'];
  return typeof id === 'string' ? id : null;
};

/** The piece of text that an agent has just said; empty for every other event. */
export const outputOf = ({ type, data }: StreamEvent): string =>
  type === 'turn.output' && typeof data['text'] === 'string' ? data['text'] : '';

/** Shows every event of one turn until it has ended, and gives the turn as it then is. */
export const followTurn = async (
  api: ApiClient,
  turn: Pick<Turn, 'id' | 'sessionId'>,
  options: {
    after: number;
    signal: AbortSignal;
    onEvent: (event: StreamEvent) => void;
    onLink?: (up: boolean) => void;
  },
): Promise<Turn> => {
  const { after, signal, onLink } = options;
  const events = follow(api, `session:${turn.sessionId}`, {
    after,
    signal,
    ...(onLink && { onLink }),
  });
  for await (const event of events) {
    if (turnIdOf(event) !== turn.id) continue;
    options.onEvent(event);
    if (ENDED.includes(event.type)) break;
  }
  signal.throwIfAborted();
  return api.get(`/turns/${turn.id}`, turnShape);
};
