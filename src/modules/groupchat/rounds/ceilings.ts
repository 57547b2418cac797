import { type GroupChatLimits } from '../group-chat.js';
import { type RoundRow } from '../storage/round.entity.js';
import { type RoundTurnRow } from '../storage/round-turn.entity.js';

export type Ceiling = 'round-limit' | 'cost-limit';

/** Why the moderator may ask nobody any more after this turn; null when it may. */
export const ceilingOf = (
  limits: GroupChatLimits,
  round: Pick<RoundRow, 'number' | 'phase'>,
  turns: readonly Pick<RoundTurnRow, 'costUsd'>[],
): Ceiling | null => {
  const spentUsd = turns.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  if (limits.maxCostUsd !== null && spentUsd >= limits.maxCostUsd) return 'cost-limit';
  return round.phase === 'synthesis' && round.number >= limits.maxRounds ? 'round-limit' : null;
};
