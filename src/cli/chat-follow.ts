import { z } from 'zod';
import { type ApiClient } from './api-client.js';
import { type Message, messageShape, roundShape, type StreamEvent } from './api-shapes.js';
import { follow } from './event-stream.js';

const withMessage = z.union([
  messageShape,
  z.looseObject({ message: messageShape }).transform(({ message }) => message),
]);

/** The message that an event of a group chat tells of. */
export const messageOf = ({ type, data }: StreamEvent): Message | null =>
  type === 'groupchat.message' ? (withMessage.safeParse(data).data ?? null) : null;

/** The end of a question, or a chat with nothing left to answer: a question that was dropped has no end of its own. */
const isOver = (questionId: string): z.ZodType =>
  z.union([
    z.looseObject({ messageId: z.literal(questionId) }),
    z.looseObject({ state: z.literal('idle'), queued: z.literal(0) }),
  ]);

/**
 * Shows what happens in a group chat from a question until it has come to its end, whatever waits behind it. `answer`
 * is the moderator's last message; null when it said nothing (it was stopped, or it failed).
 */
export const followAnswer = async (
  api: ApiClient,
  chatId: string,
  question: Pick<Message, 'id' | 'seq'>,
  options: {
    after: number;
    signal: AbortSignal;
    onEvent: (event: StreamEvent) => void;
    onMessage: (message: Message) => void;
    onLink?: (up: boolean) => void;
  },
): Promise<{ answer: Message | null; messages: Message[] }> => {
  const { after, signal, onLink } = options;
  const messages: Message[] = [];
  for await (const event of follow(api, `groupchat:${chatId}`, {
    after,
    signal,
    ...(onLink && { onLink }),
  })) {
    options.onEvent(event);
    const message = messageOf(event);
    if (message && message.seq >= question.seq) {
      messages.push(message);
      options.onMessage(message);
    }
    if (event.type !== 'groupchat.state' || messages.length === 0) continue;
    if (!isOver(question.id).safeParse(event.data).success) continue;
    return { answer: messages.findLast(({ from }) => from === 'moderator') ?? null, messages };
  }
  throw signal.reason;
};

/** Why a question came to its end, as its last round has recorded it. */
export const endReasonOf = async (
  api: ApiClient,
  chatId: string,
  messageId: string,
): Promise<string | null> => {
  const rounds = await api.all(`/groupchats/${chatId}/rounds`, roundShape);
  return (
    rounds.findLast((round) => round.messageId === messageId && round.endReason)?.endReason ?? null
  );
};
