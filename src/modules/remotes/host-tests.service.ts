import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import {
  type AgentAdapter,
  AgentRegistry,
  detectAgent,
  requireSettings,
} from '../../agents/index.js';
import { type Host, sshHost } from '../../hosts/index.js';
import { DomainError, toFailure } from '../../platform/errors/index.js';
import { HostKeys } from './host-keys.js';
import { HostKeyDecisions } from './host-keys/host-key-decisions.js';
import { kept, shownKey } from './host-keys/kept-host-key.js';
import { RemoteHosts } from './remote-hosts.js';
import { RemoteStates } from './remote-states.js';
import { RemoteTargets, withPassphrase } from './remote-targets.js';
import { type RemoteHostKey } from './remote.js';
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
    private readonly decisions: HostKeyDecisions,
    private readonly states: RemoteStates,
    private readonly agents: AgentRegistry,
  ) {}

  async testRemote(id: string, request: TestRemote): Promise<TestAnswer> {
    const row = await this.remotes.find(id);
    if (!row) throw new RemoteNotFound(id);
    const asked = this.askedFor(request);
    if (row.enabled) {
      await this.decisions.lookAgain(id);
      await this.states.askAgain(id);
      this.hosts.reset(id);
    }
    const answer = await this.ask(async () => {
      const host = await this.hosts.resolve(id);
      return {
        host,
        latencyMs: async () => {
          await this.states.settled(id);
          return (await this.remotes.find(id))?.state.latencyMs ?? null;
        },
      };
    }, asked);
    const { offered, hops } = await this.decisions.of(id);
    return {
      ...answer,
      hostKey: offered,
      hops: hops.flatMap(({ host, offered: key }) => (key ? [{ host, hostKey: key }] : [])),
    };
  }

  /** Tests settings that are not saved. Host keys are judged as those of a new remote, and shown, not pinned. */
  async testDraft(draft: TestDraft): Promise<TestAnswer> {
    const asked = this.askedFor(draft);
    const seen = new Map<string | null, RemoteHostKey>();
    let latency: number | null = null;
    const { privateKey, passphrase } = draft;
    const host = sshHost({
      id: uuid(),
      name: draft.name,
      target: async () => {
        const key =
          privateKey === null
            ? null
            : withPassphrase({ source: 'given', content: Buffer.from(privateKey) }, passphrase);
        const target = await this.targets.of({ ...draft, id: uuid(), privateKey: key });
        return this.hostKeys.prepare(null, target);
      },
      verifyHostKey: (key, hop, target) => {
        seen.set(hop, shownKey(kept(key)));
        return this.hostKeys.judge(draft.hostKeyPolicy, key, target);
      },
      onState: ({ latencyMs }) => {
        latency = latencyMs ?? latency;
      },
    });
    try {
      const answer = await this.ask(async () => ({ host, latencyMs: async () => latency }), asked);
      const hostKey = seen.get(null) ?? null;
      const hops = [...seen].flatMap(([host, key]) =>
        host === null ? [] : [{ host, hostKey: key }],
      );
      return { ...answer, hostKey, hops };
    } finally {
      await host.close();
    }
  }

  private askedFor({ agent, command }: TestRemote): Asked | null {
    if (agent === undefined) return null;
    const adapter = this.agents.get(agent);
    const asked = { adapter, command: command ?? null };
    requireSettings(adapter, asked);
    return asked;
  }

  private async ask(
    open: () => Promise<{ host: Host; latencyMs: () => Promise<number | null> }>,
    asked: Asked | null,
  ): Promise<Omit<TestAnswer, 'hostKey' | 'hops'>> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    let known: Omit<TestAnswer, 'hostKey' | 'hops'> = { ok: false, ...NOTHING_KNOWN };
    try {
      const { host, latencyMs } = await open();
      const { hostname, os, shell } = await host.environment({ refresh: true, signal });
      known = { ok: true, hostname, os, shell, latencyMs: await latencyMs() };
      if (!asked) return known;
      const detection = await detectAgent(host, asked.adapter, asked.command, signal);
      const { error } = detection;
      return { ...known, agent: detection, ...(error === null ? {} : { ok: false, error }) };
    } catch (error) {
      if (!(error instanceof DomainError) && !signal.aborted) throw error;
      return {
        ...known,
        ok: false,
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

interface Asked {
  adapter: AgentAdapter;
  command: string | null;
}

const NOTHING_KNOWN = { hostname: null, os: null, shell: null, latencyMs: null };
