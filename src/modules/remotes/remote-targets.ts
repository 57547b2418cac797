import { homedir, userInfo } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import {
  listSshConfigHosts,
  needsOfIdentityFiles,
  type PrivateKey,
  readPrivateKey,
  resolveSshConfig,
  type SshTarget,
  targetFromSshConfig,
} from '../../hosts/index.js';
import { type Config, CONFIG } from '../../platform/config/index.js';
import { RemoteSecrets } from './remote-secrets.js';
import { type RemoteRow } from './storage/remote.entity.js';

/** The fields of a remote that say how to reach it. */
export type Reachable = Pick<
  RemoteRow,
  'id' | 'name' | 'host' | 'port' | 'username' | 'privateKeyPath' | 'useSshConfig'
> & {
  privateKey: PrivateKey | null;
  /** Of the key at `privateKeyPath`. */
  passphrase: string | null;
};

/** Turns a remote's settings, its sealed key and the ssh config into what a connection needs. */
@Injectable()
export class RemoteTargets {
  constructor(
    private readonly secrets: RemoteSecrets,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  ofRow(row: RemoteRow): Promise<SshTarget> {
    return this.of({ ...row, privateKey: this.sealedKey(row), passphrase: this.passphrase(row) });
  }

  async of(remote: Reachable): Promise<SshTarget> {
    const ownKeys = await this.ownKeys(remote);
    const base = remote.useSshConfig
      ? await this.fromSshConfig(remote, ownKeys)
      : this.plain(remote, ownKeys);
    const target: SshTarget = {
      ...base,
      port: remote.port ?? base.port,
      username: remote.username ?? base.username,
      keepalive: base.keepalive ?? { intervalMs: this.config.sshKeepaliveMs, countMax: 3 },
    };
    if (remote.privateKeyPath === null) return target;
    return withNeeds(target, await needsOfIdentityFiles([expandHome(remote.privateKeyPath)]));
  }

  /** A key of its own is the only one offered: each further one counts against the server's MaxAuthTries. */
  private async ownKeys(remote: Reachable): Promise<PrivateKey[]> {
    const { name, host, privateKey, privateKeyPath, passphrase } = remote;
    const keys = privateKey ? [privateKey] : [];
    if (privateKeyPath !== null) {
      const key = await readPrivateKey(expandHome(privateKeyPath), { name, host });
      keys.push(withPassphrase(key, passphrase));
    }
    return keys;
  }

  /** What can be imported: read as connections will read it. */
  sshConfigHosts(): ReturnType<typeof listSshConfigHosts> {
    return listSshConfigHosts({ environment: this.environment() });
  }

  private async fromSshConfig(
    remote: Reachable,
    ownKeys: readonly PrivateKey[],
  ): Promise<SshTarget> {
    const { host, port, username } = remote;
    const login = {
      ...(port === null ? {} : { port }),
      ...(username === null ? {} : { user: username }),
    };
    const resolved = await resolveSshConfig(host, { environment: this.environment() }, login);
    return targetFromSshConfig(resolved, this.labelled(remote), ownKeys);
  }

  private plain(remote: Reachable, ownKeys: readonly PrivateKey[]): SshTarget {
    const { agentSocket, ...labelled } = this.labelled(remote);
    const isAgentUsed = ownKeys.length === 0 && agentSocket !== undefined;
    return {
      ...labelled,
      host: remote.host,
      port: 22,
      username: userInfo().username,
      privateKeys: ownKeys,
      ownsKeys: true,
      openssh: { environment: this.environment() },
      ...(isAgentUsed ? { agentSocket } : {}),
    };
  }

  /** Of programs that lead to a host. */
  private environment(): Record<string, string> {
    const { localEnvironment, sshAgentSocket } = this.config;
    return {
      ...localEnvironment,
      HOME: homedir(),
      ...(sshAgentSocket === null ? {} : { SSH_AUTH_SOCK: sshAgentSocket }),
    };
  }

  private labelled({ id, name }: Reachable): { id: string; name: string; agentSocket?: string } {
    const { sshAgentSocket } = this.config;
    return { id, name, ...(sshAgentSocket === null ? {} : { agentSocket: sshAgentSocket }) };
  }

  private sealedKey(row: RemoteRow): PrivateKey | null {
    if (row.privateKey === null) return null;
    const content = this.secrets.open(row.id, row.privateKey, 'private-key');
    return withPassphrase({ source: 'sealed', content }, this.passphrase(row));
  }

  private passphrase({ id, passphrase }: RemoteRow): string | null {
    return passphrase === null
      ? null
      : this.secrets.open(id, passphrase, 'passphrase').toString('utf8');
  }
}

export const withPassphrase = (key: PrivateKey, passphrase: string | null): PrivateKey =>
  passphrase === null ? key : { ...key, passphrase };

/** What only the system's `ssh` can do, in addition to what the target needs it for already. */
const withNeeds = (target: SshTarget, needs: readonly string[]): SshTarget => {
  const reasons = [...new Set([...(target.transport?.reasons ?? []), ...needs])];
  return reasons.length === 0 ? target : { ...target, transport: { kind: 'openssh', reasons } };
};

export const expandHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path;
