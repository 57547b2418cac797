import { createHash } from 'node:crypto';
import { type TurnRequest } from '../adapter.js';
import { requireUuid } from '../launch/conversation-id.js';

type Conversation = Pick<TurnRequest, 'providerSessionId' | 'directory'>;

/**
 * The CLI tells a conversation's id only when a turn is over, so that of a turn that was killed would never be known.
 * But it takes one for a new conversation: a UUID made from what no other turn has.
 */
export const conversationOf = ({ providerSessionId, directory }: Conversation): string => {
  if (providerSessionId !== null) return providerSessionId;
  const bytes = createHash('sha256').update(directory).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes
    .toString('hex', 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

export const conversationFlag = (label: string, turn: Conversation): string =>
  turn.providerSessionId === null
    ? `--session-id=${conversationOf(turn)}`
    : `--resume=${requireUuid(label, turn.providerSessionId)}`;
