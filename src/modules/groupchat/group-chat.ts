/** What a group chat is doing. `stopping` lasts until every running turn is proved gone. */
export const GROUP_CHAT_STATES = [
  'idle',
  'moderator-thinking',
  'agents-working',
  'stopping',
] as const;
export type GroupChatState = (typeof GROUP_CHAT_STATES)[number];

export interface GroupChatLimits {
  /** How often the moderator may delegate for one question. */
  maxRounds: number;
  /** From the asking of a participant until its turn is killed. */
  participantTimeoutMs: number;
  /** For one question, moderator and participants together; null: no limit. */
  maxCostUsd: number | null;
}

export const DEFAULT_LIMITS: GroupChatLimits = {
  maxRounds: 6,
  participantTimeoutMs: 30 * 60_000,
  maxCostUsd: null,
};

export const SENDERS = ['user', 'moderator', 'system', 'participant'] as const;
export type Sender = (typeof SENDERS)[number];

/** Why a question came to its end. */
export const END_REASONS = [
  'answered',
  'round-limit',
  'cost-limit',
  'nobody-addressed',
  'moderator-failed',
  'stopped',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** What a round waits for: the moderator's decision, the participants, the moderator's synthesis, nothing. */
export const ROUND_PHASES = ['moderator', 'participants', 'synthesis', 'closed'] as const;
export type RoundPhase = (typeof ROUND_PHASES)[number];

/** What became of one turn of a round; `late`: it answered after its deadline. */
export const ROUND_TURN_STATES = [
  'pending',
  'answered',
  'failed',
  'timed-out',
  'stopped',
  'late',
] as const;
export type RoundTurnState = (typeof ROUND_TURN_STATES)[number];

export const groupChatStream = (chatId: string): string => `groupchat:${chatId}`;
