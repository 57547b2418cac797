import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type LoopbackSsh } from '../../src/cli/demo/loopback-ssh.js';
import { LoopbackSshd } from '../../src/cli/demo/loopback-sshd.js';
import { type TcpProxy } from '../../src/cli/demo/tcp-proxy.js';
import { findDropbear, startDropbear } from '../support/dropbear.js';
import { canMount } from '../support/mounts.js';
import { sshdAvailable } from '../support/sshd.js';
import { type FaultChoice } from './fault-schedule.js';
import { Relay } from './relay.js';

/** `gap` is a black hole after which the links go on without what was lost in it. */
export type LinkFault =
  'cut' | 'black hole' | 'gap' | 'hang' | 'outage' | 'kill sessions' | 'restart sshd';

type SshServer = LoopbackSsh & {
  readonly proxy: TcpProxy;
  killSessions(): Promise<void>;
  restart(): Promise<void>;
};

export const SERVERS = {
  OpenSSH: { isHere: sshdAvailable, start: (dir: string) => LoopbackSshd.start(dir, directives()) },
  Dropbear: { isHere: () => findDropbear() !== null && canMount(), start: startDropbear },
} as const satisfies Record<
  string,
  { isHere: () => boolean; start: (dir: string) => Promise<SshServer> }
>;
export type ServerName = keyof typeof SERVERS;

/** A real SSH server on loopback, behind a link that can fail in all the ways of `LinkFault`. */
export class ChaosRemote {
  private constructor(
    readonly name: ServerName,
    private readonly dir: string,
    readonly server: SshServer,
    private readonly relay: Relay,
  ) {}

  static async start(name: ServerName): Promise<ChaosRemote> {
    const dir = await mkdtemp(join(tmpdir(), 'maestro-chaos-'));
    const server = await SERVERS[name].start(dir);
    return new ChaosRemote(name, dir, server, await Relay.start(server.port));
  }

  /** What can go wrong on the way to these. */
  static faultsOf(targets: readonly string[]): FaultChoice<LinkFault>[] {
    return [
      { kind: 'cut', targets },
      { kind: 'black hole', targets, lastsMs: [200, 5_000] },
      { kind: 'gap', targets, lastsMs: [200, 2_000] },
      { kind: 'hang', targets, lastsMs: [200, 5_000] },
      { kind: 'outage', targets, lastsMs: [200, 2_000] },
      { kind: 'kill sessions', targets },
      { kind: 'restart sshd', targets },
    ];
  }

  /** Of the relay, through which everybody goes. */
  get port(): number {
    return this.relay.port;
  }

  get home(): string {
    return this.server.home;
  }

  /** Resolves when it is over. */
  async inflict(fault: LinkFault, lastsMs: number, signal: AbortSignal): Promise<void> {
    const { server, relay } = this;
    const lasts = (): Promise<unknown> =>
      delay(lastsMs, undefined, { signal }).catch(() => undefined);
    switch (fault) {
      case 'cut':
        server.proxy.cut();
        return;
      case 'black hole':
      case 'gap':
        server.proxy.mode = 'blackhole';
        await lasts();
        // A router that comes back knows none of the links.
        if (fault === 'black hole') server.proxy.cut();
        server.proxy.mode = 'pass';
        return;
      case 'hang':
        relay.hang();
        await lasts();
        relay.goOn();
        return;
      case 'outage':
        server.proxy.mode = 'refuse';
        server.proxy.cut();
        await lasts();
        server.proxy.mode = 'pass';
        return;
      case 'kill sessions':
        await server.killSessions();
        return;
      case 'restart sshd':
        await server.restart();
    }
  }

  async stop(): Promise<void> {
    await this.relay.stop();
    await this.server.stop();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Since 9.8 sshd shuts out an address whose connections crash; ours all come from one. */
const directives = (): string[] => {
  const version = /OpenSSH_(\d+)\.(\d+)/.exec(execFileSync('sh', ['-c', 'ssh -V 2>&1']).toString());
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  return major > 9 || (major === 9 && minor >= 8) ? ['PerSourcePenalties no'] : [];
};
