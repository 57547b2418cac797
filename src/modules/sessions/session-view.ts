import { type AgentCapabilities } from '../../agents/index.js';
import { type Remote } from '../remotes/index.js';
import { type Session } from './session.js';
import { type SessionRow } from './storage/session.entity.js';
import { type SessionActivity } from './storage/sessions.repository.js';
import { stateOf } from './turn-events.js';

const NO_ACTIVITY: SessionActivity = {
  activeTurnId: null,
  queued: 0,
  limited: false,
  lastFailed: false,
  usage: {
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: null,
    costUsd: null,
    costIsEstimate: false,
    contextWindow: null,
    contextTokens: null,
  },
};

/** A session as clients see it: its row, what its agent can, what its turns do, and the host behind it. */
export const toSession = (
  row: SessionRow,
  { readOnly }: Pick<AgentCapabilities, 'readOnly'>,
  activity: SessionActivity = NO_ACTIVITY,
  remote?: Remote,
): Session => ({
  id: row.id,
  name: row.name,
  agent: row.agent,
  agentLabel: row.remoteId === null ? row.agent : `${row.agent} (SSH)`,
  cwd: row.cwd,
  remoteId: row.remoteId,
  target:
    row.remoteId === null
      ? { kind: 'local', remote: false, hostName: null }
      : { kind: 'ssh', remote: true, hostName: remote?.name ?? null },
  state: stateOf(activity),
  connection: remote?.state ?? null,
  activeTurnId: activity.activeTurnId,
  queued: activity.queued,
  held: row.held,
  providerSessionId: row.providerSessionId,
  usage: activity.usage,
  env: Object.fromEntries(row.envNames.map((name) => [name, '***'] as const)),
  args: row.args,
  model: row.model,
  effort: row.effort,
  readOnly,
  command: row.command,
  custom: row.custom,
  autoRunFolder: row.autoRunFolder,
  limits: row.limits,
  parentSessionId: row.parentSessionId,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
