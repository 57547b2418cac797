import { createHash } from 'node:crypto';
import { type TurnRequest } from '../adapter.js';
import { AgentUnsupported } from '../agent-errors.js';

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

export const conversationFlag = (turn: Conversation): string => {
  const id = conversationOf(turn);
  if (turn.providerSessionId === null) return `--session-id=${id}`;
  // Whatever is no id is taken for the name of a conversation, or for the beginning of an id.
  if (UUID.test(id)) return `--resume=${id}`;
  throw new AgentUnsupported('Copilot CLI can only resume a conversation by its id', {
    hint: 'Send the turn with a fresh conversation.',
  });
};
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
