import { Injectable } from '@nestjs/common';
import {
  type AgentModel,
  type AgentName,
  AgentRegistry,
  type Detection,
  detectAgents,
  listModels,
} from '../../agents/index.js';
import { HostFailure } from '../../hosts/index.js';
import { RemoteHosts } from './remote-hosts.js';

/** For one whole answer: a client waits for it. */
const LIMIT_MS = 45_000;

/** Which agents there are on a host, and what their CLIs say of themselves there. */
@Injectable()
export class HostAgents {
  constructor(
    private readonly hosts: RemoteHosts,
    private readonly agents: AgentRegistry,
  ) {}

  /**
   * Every agent that this server knows, as found on that host.
   *
   * @param remoteId null is this machine.
   */
  async detect(remoteId: string | null): Promise<Detection[]> {
    const host = await this.hosts.resolve(remoteId);
    return within(host.name, (signal) => detectAgents(host, this.agents.list(), signal));
  }

  async models(remoteId: string | null, agent: AgentName): Promise<{ items: AgentModel[] }> {
    const adapter = this.agents.get(agent);
    const host = await this.hosts.resolve(remoteId);
    return within(host.name, async (signal) => ({
      items: await listModels(host, adapter, signal),
    }));
  }
}

const within = async <T>(
  hostName: string,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    return await ask(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new HostFailure('host/timeout', `${hostName}: no whole answer within ${LIMIT_MS} ms`);
  }
};
