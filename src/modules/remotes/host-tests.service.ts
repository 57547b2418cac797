import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { AgentRegistry, type AgentName, type Detection, detectAgent } from '../../agents/index.js';
import { type Host, type HostKey, sshHost } from '../../hosts/index.js';
import { DomainError, toFailure } from '../../platform/errors/index.js';
import { HostKeys } from './host-keys.js';
import { RemoteHosts } from './remote-hosts.js';
import { RemoteStates } from './remote-states.js';
import { RemoteTargets, withPassphrase } from './remote-targets.js';
import { RemoteNotFound } from './remotes.errors.js';
import { type TestAnswer, type TestDraft, type TestRemote } from './remotes.schemas.js';
import { RemotesRepository } from './storage/remotes.repository.js';

/** The whole test, from the first packet to the agent's version, ends within this. */
const LIMIT_MS = 45_000;

/** "Does it work?" asked of a host, in the very way in which work is done on it later. */
@Injectable()
export class HostTestsService {
  constructor(
    private readonly remotes: RemotesRepository,
    private readonly hosts: RemoteHosts,
    private readonly targets: RemoteTargets,
    private readonly hostKeys: HostKeys,
    private readonly states: RemoteStates,
    private readonly agents: AgentRegistry,
  ) {}

  async testRemote(id: string, request: TestRemote): Promise<TestAnswer> {
    const row = await this.remotes.find(id);
    if (!row) throw new RemoteNotFound(id);
    if (row.enabled) this.hosts.reset(id);
    const answer = await this.ask(async () => {
      const host = await this.hosts.resolve(id);
      return {
        host,
        latencyMs: async () => {
          await this.states.settled(id);
          return (await this.remotes.find(id))?.state.latencyMs ?? null;
        },
      };
    }, request);
    return { ...answer, hostKey: (await this.hostKeys.of(id)).offered };
  }

  /** Tests settings that are not saved. Its host key is shown, not pinned. */
  async testDraft(draft: TestDraft): Promise<TestAnswer> {
    let seen: HostKey | null = null;
    let latency: number | null = null;
    const { privateKey, passphrase } = draft;
    const host = sshHost({
      id: uuid(),
      name: draft.name,
      target: () =>
        this.targets.of({
          ...draft,
          id: uuid(),
          privateKey:
            privateKey === null
              ? null
              : withPassphrase({ source: 'given', content: Buffer.from(privateKey) }, passphrase),
        }),
      verifyHostKey: async (key, hop) => {
        if (hop === null) seen = key;
        return draft.hostKeyPolicy === 'accept-new'
          ? 'accept'
          : { code: 'ssh/host-key-unknown', detail: `it is ${key.fingerprint}` };
      },
      onState: ({ latencyMs }) => {
        latency = latencyMs ?? latency;
      },
    });
    try {
      const answer = await this.ask(async () => ({ host, latencyMs: async () => latency }), draft);
      const key = seen as HostKey | null;
      return { ...answer, hostKey: key && { type: key.type, fingerprint: key.fingerprint } };
    } finally {
      await host.close();
    }
  }

  /** Every agent that this server knows, as found on that host. */
  async detect(remoteId: string | null): Promise<Detection[]> {
    const host = await this.hosts.resolve(remoteId);
    return Promise.all(this.agents.list().map((adapter) => detectAgent(host, adapter)));
  }

  private async ask(
    open: () => Promise<{ host: Host; latencyMs: () => Promise<number | null> }>,
    { agent, command }: { agent?: AgentName | undefined; command?: string | undefined },
  ): Promise<Omit<TestAnswer, 'hostKey'>> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const adapter = agent === undefined ? null : this.agents.get(agent);
    try {
      const { host, latencyMs } = await open();
      const { hostname, os, shell } = await host.environment({ refresh: true, signal });
      const known = { ok: true, hostname, os, shell, latencyMs: await latencyMs() };
      if (!adapter) return known;
      const detection = await detectAgent(host, adapter, command ?? null);
      if (detection.found) return { ...known, agent: detection };
      return {
        ...known,
        ok: false,
        agent: detection,
        error: {
          code: command === undefined ? 'agent/command-not-found' : 'agent/binary-not-found',
          message: `${command ?? adapter.program} was not found on ${hostname}`,
          hint:
            command === undefined
              ? 'Install the AI agent on the remote host'
              : "Ensure the agent is in the remote's PATH",
        },
      };
    } catch (error) {
      if (!(error instanceof DomainError) && !signal.aborted) throw error;
      return {
        ok: false,
        hostname: null,
        os: null,
        shell: null,
        latencyMs: null,
        error: signal.aborted
          ? {
              code: 'ssh/timeout',
              message: 'The test took too long',
              hint: 'Check network connectivity and firewall rules.',
            }
          : toFailure(error),
      };
    }
  }
}
