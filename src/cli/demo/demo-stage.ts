import { homedir } from 'node:os';
import { type ApiClient } from '../api-client.js';
import {
  type Remote,
  remoteShape,
  remoteTestShape,
  type Session,
  sessionShape,
} from '../api-shapes.js';
import { CliFailure } from '../cli-failure.js';
import { EXIT } from '../exit-codes.js';
import { given } from '../option-values.js';
import { type DemoServer } from './demo-server.js';
import { type DemoWorld } from './demo-world.js';
import { type Narrator } from './narrator.js';
import { PLAYBOOK_FOLDER } from './projects.js';

export interface AgentChoice {
  agent: string;
  /** Path of the CLI; null: where detection finds it. */
  command: string | null;
  env: Record<string, string>;
}

/** What the acts play on. */
export interface Stage {
  world: DemoWorld;
  server: DemoServer;
  api: ApiClient;
  narrator: Narrator;
  agent: AgentChoice;
  signal: AbortSignal;
  /** What is under way, and must be stopped when the demo is left early. */
  underWay: UnderWay[];
  remote: Remote;
  /** Works in the project on this machine. */
  web: Session;
  /** Works in the project that is reached over SSH. */
  shop: Session;
}

export interface UnderWay {
  path: string;
  stop: 'stop' | 'kill';
  /** States in which nothing of it runs. */
  atRest: readonly string[];
}

/** The demo agent writes a journal, by which the demo can prove what it did; no other agent does. */
export const isDemoAgent = ({ agent }: AgentChoice): boolean => agent === 'demo';

export const setTheStage = async (
  parts: Pick<Stage, 'world' | 'server' | 'api' | 'narrator' | 'agent' | 'signal'>,
): Promise<Stage> => {
  const { world, api, narrator, agent } = parts;
  const remote = await registerRemote(parts);
  const common = { agent: agent.agent, ...(agent.command !== null && { command: agent.command }) };
  const web = await api.post(
    '/sessions',
    { ...common, name: `web-${world.tag}`, cwd: world.projects.web, env: agent.env },
    sessionShape,
  );
  const shop = await api.post(
    '/sessions',
    {
      ...common,
      ...{ name: `api-${world.tag}`, cwd: world.projects.api, remoteId: remote.id },
      ...{ env: remoteEnv(agent), autoRunFolder: PLAYBOOK_FOLDER },
    },
    sessionShape,
  );
  for (const { name, agentLabel, target } of [web, shop]) {
    const place = target.remote ? `on ${target.hostName ?? '?'} over SSH` : 'on this machine';
    narrator.step(`Session ${name}: ${agentLabel} ${place}`);
  }
  return { ...parts, underWay: [], remote, web, shop };
};

/** The account on the loopback host has a home of its own; a real CLI is signed in only in the real one. */
const remoteEnv = (agent: AgentChoice): Record<string, string> =>
  isDemoAgent(agent) ? agent.env : { HOME: homedir(), ...agent.env };

const registerRemote = async ({
  world: { ssh, sshServer, tag },
  api,
  narrator,
  agent,
}: Pick<Stage, 'world' | 'api' | 'narrator' | 'agent'>): Promise<Remote> => {
  const remote = await api.post(
    '/remotes',
    {
      ...{ name: `box-${tag}`, host: ssh.host, port: ssh.port, username: ssh.username },
      privateKeyPath: ssh.clientKeyPath,
    },
    remoteShape,
  );
  narrator.step(`Remote ${remote.name}: ${ssh.username}@${ssh.host}:${ssh.port} (${sshServer})`);
  const test = await api.post(
    `/remotes/${remote.id}/test`,
    given({ agent: agent.agent, command: agent.command ?? undefined }),
    remoteTestShape,
  );
  if (!test.ok) {
    throw new CliFailure(
      EXIT.unreachable,
      `The test of the remote failed: ${test.error?.message ?? '?'}`,
      {
        ...(test.error?.hint && { hint: test.error.hint }),
      },
    );
  }
  const latency = test.latencyMs == null ? '' : `, ${test.latencyMs} ms`;
  narrator.proof(
    true,
    `The remote answers as ${test.hostname ?? '?'} (${test.os ?? '?'}${latency})`,
  );
  narrator.proof(
    test.hostKey?.fingerprint === ssh.hostKeyFingerprint,
    `Its host key is the one that the SSH server made: ${test.hostKey?.fingerprint ?? 'none'}`,
  );
  if (test.agent) {
    const { found, version, path } = test.agent;
    narrator.proof(found, `The agent is there: ${path ?? 'not found'} ${version ?? ''}`.trimEnd());
  }
  return remote;
};
