import { AgentUnsupported } from '../failures/agent-errors.js';

/**
 * For CLIs that take anything else than a UUID for a name, a number or a beginning, and would open another conversation,
 * or begin a new one.
 *
 * @throws {AgentUnsupported} when it is none
 */
export const requireUuid = (label: string, id: string): string => {
  if (UUID.test(id)) return id;
  throw unresumable(label);
};

export const unresumable = (label: string): AgentUnsupported =>
  new AgentUnsupported(`${label} can only resume a conversation by its id`, {
    hint: 'Send the turn with a fresh conversation.',
  });

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
