import { Injectable } from '@nestjs/common';
import { type EnvironmentQuery, type ShownEnvironment } from './environment.schemas.js';
import { RemoteHosts } from './remote-hosts.js';

/** The one environment in which everything on a host runs, for people to look at. */
@Injectable()
export class HostEnvironments {
  constructor(private readonly hosts: RemoteHosts) {}

  /** @param remoteId null is this machine. */
  async of(remoteId: string | null, { refresh }: EnvironmentQuery): Promise<ShownEnvironment> {
    const host = await this.hosts.resolve(remoteId);
    const { sources, path, ...known } = await host.environment({ refresh });
    return { ...known, sources, path: path.split(':').filter((each) => each !== '') };
  }
}
