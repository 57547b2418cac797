import { homedir, userInfo } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import {
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
    const base = remote.useSshConfig ? await this.fromSshConfig(remote) : this.plain(remote);
    const target: SshTarget = {
      ...base,
      port: remote.port ?? base.port,
      username: remote.username ?? base.username,
    };
    const given: PrivateKey[] = [];
    if (remote.privateKey) given.push(remote.privateKey);
    if (remote.privateKeyPath !== null) {
      const key = await readPrivateKey(expandHome(remote.privateKeyPath), target);
      given.push(withPassphrase(key, remote.passphrase));
    }
    if (given.length === 0) return target;
    // A key of its own is the only one offered: each further one counts against the server's MaxAuthTries.
    delete target.agentSocket;
    return { ...target, privateKeys: given };
  }

  private async fromSshConfig(remote: Reachable): Promise<SshTarget> {
    const { host, port, username } = remote;
    const { localEnvironment, sshAgentSocket } = this.config;
    const environment = {
      ...localEnvironment,
      HOME: homedir(),
      ...(sshAgentSocket === null ? {} : { SSH_AUTH_SOCK: sshAgentSocket }),
    };
    const login = {
      ...(port === null ? {} : { port }),
      ...(username === null ? {} : { user: username }),
    };
    const resolved = await resolveSshConfig(host, { environment }, login);
    return targetFromSshConfig(resolved, this.labelled(remote));
  }

  private plain(remote: Reachable): SshTarget {
    const { username } = userInfo();
    return { ...this.labelled(remote), host: remote.host, port: 22, username, privateKeys: [] };
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

const expandHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path;
