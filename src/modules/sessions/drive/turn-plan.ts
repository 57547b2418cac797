import { type TurnRequest } from '../../../agents/index.js';
import { type Host } from '../../../hosts/index.js';
import { type TurnRow } from '../storage/turn.entity.js';
import { type ClockLimits } from './turn-clocks.js';
import { type TurnConversation } from './turn-conversation.js';
import { type RetryPolicy } from './turn-retries.js';
import { type TurnAdapter } from './unfailing-adapter.js';

/** All that a turn needs to be driven, resolved. */
export interface TurnPlan {
  row: TurnRow;
  host: Host;
  /** Aborted when the host was replaced: the turn must be planned anew. */
  retired: AbortSignal;
  cwd: string;
  /** The session's environment over the remote's. */
  env: Record<string, string>;
  adapter: TurnAdapter;
  /** What the adapter is told of it. */
  request: TurnRequest;
  conversation: TurnConversation;
  /** Of this attempt: the absolute one without what earlier attempts have used. */
  limits: ClockLimits;
  retries: RetryPolicy;
}
