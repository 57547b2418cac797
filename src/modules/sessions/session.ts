import {
  type AgentCapabilities,
  type AgentName,
  type CustomAgent,
  type Usage,
} from '../../agents/index.js';
import { type RemoteState } from '../remotes/index.js';

/** Ceilings of one turn of a session, times in milliseconds; the server's defaults where absent. */
export interface SessionLimits {
  /** Longest time without any output. */
  silenceMs?: number | undefined;
  /** Longest time in all. */
  absoluteMs?: number | undefined;
  /** How long a tool may run without any output. */
  toolMs?: number | undefined;
  /** Whether a turn waits until its provider's limit resets, rather than fail. Default: it does. */
  resumeAfterLimit?: boolean | undefined;
  /** How often it waits in a row without getting any work done in between. Default: 30. */
  limitStreak?: number | undefined;
  /** How often it is tried again when its provider was overloaded or out of reach; 0: never. Default: 5. */
  retries?: number | undefined;
}

/** One agent, in one working directory, on one host, with its settings, conversation and queue. */
export interface Session {
  id: string;
  name: string;
  agent: AgentName;
  /** `claude-code`, or `claude-code (SSH)` on a remote. */
  agentLabel: string;
  cwd: string;
  remoteId: string | null;
  target: { kind: 'local' | 'ssh'; remote: boolean; hostName: string | null };
  state: 'idle' | 'busy' | 'error' | 'limited';
  /** The remote's live state; null for a local session. */
  connection: RemoteState | null;
  activeTurnId: string | null;
  queued: number;
  /** Nothing of its queue begins. */
  held: boolean;
  providerSessionId: string | null;
  usage: Usage;
  /** Values are masked. */
  env: Record<string, '***'>;
  args: string[];
  model: string | null;
  /** One of the levels that its agent knows; null leaves it to the CLI. */
  effort: string | null;
  /** Whether its agent's CLI keeps a read-only turn from writing, is only asked not to write, or takes none. */
  readOnly: AgentCapabilities['readOnly'];
  command: string | null;
  /** Of a custom agent, and of no other: how it takes its prompt, and what its output means. */
  custom: CustomAgent | null;
  autoRunFolder: string | null;
  limits: SessionLimits;
  parentSessionId: string | null;
  createdAt: string;
  updatedAt: string;
}

/** Of a session what does not change while it works. */
export type SessionOutline = Pick<
  Session,
  'id' | 'name' | 'agent' | 'agentLabel' | 'readOnly' | 'target'
>;

export interface NewSession {
  name: string;
  agent: AgentName;
  /** Default: the remote's working directory, else the home directory of the host. */
  cwd?: string | undefined;
  /** Absent or null: this machine. */
  remoteId?: string | null | undefined;
  env?: Record<string, string> | undefined;
  args?: string[] | undefined;
  model?: string | null | undefined;
  effort?: string | null | undefined;
  command?: string | null | undefined;
  custom?: CustomAgent | undefined;
  autoRunFolder?: string | null | undefined;
  limits?: SessionLimits | undefined;
}
