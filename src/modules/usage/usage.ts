import { type Usage } from '../../agents/index.js';
import { type Page } from '../../platform/http/index.js';

/** What one execution of a turn has used, and for whom. */
export interface UsageRecord {
  turnId: string;
  /** A turn that was limited by its provider runs more than once. */
  attempt: number;
  at: Date;
  sessionId: string;
  agent: string;
  model: string | null;
  remoteId: string | null;
  /** The run of a playbook, or the group chat, that had asked for it. */
  runId: string | null;
  groupChatId: string | null;
  usage: Usage;
}

export const USAGE_GROUPS = [
  'day',
  'session',
  'group-chat',
  'run',
  'remote',
  'agent',
  'model',
] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** What was used by all turns of one day, session, ...; what a window holds can't be summed. */
export interface UsageTotal extends Omit<Usage, 'contextWindow' | 'contextTokens'> {
  /** The day (`2026-11-23`), id or name; null: of none, such as a turn on this machine by remote. */
  key: string | null;
  turns: number;
}

export interface UsageReport extends Page<UsageTotal> {
  /** Of all groups. */
  total: Omit<UsageTotal, 'key'>;
  /** What estimated costs rest on. */
  prices: { source: string; version: string; date: string };
}
