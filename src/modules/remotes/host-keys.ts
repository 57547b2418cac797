import { Injectable } from '@nestjs/common';
import {
  type HostKey,
  hostKeyName,
  type HostKeyRefusal,
  type KnownHost,
  knownHostName,
  type KnownHosts,
  nameWithoutPort,
  type PublicKey,
  publicKeyOf,
  readKnownHosts,
  SshFailure,
  type SshTarget,
} from '../../hosts/index.js';
import { Database } from '../../platform/database/index.js';
import { HostKeyAlarms } from './host-keys/host-key-alarms.js';
import { type HostKeyCase, type HostKeyRefused, judgeHostKey } from './host-keys/judge-host-key.js';
import {
  type AddressOfRemote,
  importedLines,
  isMoved,
  keysOf,
  withKeys,
} from './host-keys/host-keys-of-row.js';
import { isHardStop, kept, type KeptHostKeys } from './host-keys/kept-host-key.js';
import { type Remote } from './remote.js';
import { type RemoteRow } from './storage/remote.entity.js';
import { RemotesRepository } from './storage/remotes.repository.js';

/**
 * The pinned host keys of remotes and, apart from each other, of the hosts on the way to them. A key is pinned at first
 * sight (`accept-new`), because known_hosts names it, or by a person. After another key was shown, nobody connects until
 * a person has decided.
 */
@Injectable()
export class HostKeys {
  constructor(
    private readonly database: Database,
    private readonly remotes: RemotesRepository,
    private readonly alarms: HostKeyAlarms,
  ) {}

  /**
   * @param address as it was when the connection was begun: a key of there says nothing about a remote that has moved
   * @param hop `host:port` of a host on the way; null for the remote itself
   */
  async verify(
    address: AddressOfRemote,
    key: HostKey,
    hop: string | null,
    target: SshTarget,
  ): Promise<'accept' | HostKeyRefusal> {
    const files = await readKnownHosts(target);
    return this.database.transaction(async (tx) => {
      const row = await this.remotes.lock(address.id, tx);
      if (!row) return { code: 'ssh/host-key-unknown', detail: 'the remote was deleted' };
      if (isMoved(address, row)) {
        return { code: 'ssh/host-key-unknown', detail: 'the address of the remote was changed' };
      }
      const { pinned, offered } = keysOf(row, hop);
      const { hostKeyPolicy: policy } = row;
      const verdict = judgeHostKey({ key, pinned, policy, ...saidOf(row, hop, target, files) });
      if (verdict.isAccepted) {
        if (offered || pinned?.blob === undefined) {
          await this.remotes.update(tx, withKeys(row, hop, { pinned: verdict.pin, offered: null }));
        }
        return 'accept';
      }
      const refusal = refusalOf(verdict);
      const shown = { ...kept(key), refusal };
      await this.remotes.update(tx, withKeys(row, hop, { pinned, offered: shown }));
      await this.alarms.raise(tx, row, { hop, target, pinned, before: offered, shown });
      return refusal;
    });
  }

  /** As `verify` would decide on settings that are not saved, with nothing pinned. */
  async judge(
    policy: Remote['hostKeyPolicy'],
    key: HostKey,
    target: SshTarget,
  ): Promise<'accept' | HostKeyRefusal> {
    const said = saidOf(null, null, target, await readKnownHosts(target));
    const verdict = judgeHostKey({ key, pinned: null, policy, ...said });
    return verdict.isAccepted ? 'accept' : refusalOf(verdict);
  }

  /**
   * The target, with what is known of the keys that will be shown on the way. Rejects while a key that was refused there
   * waits for a person: then not even a connection is made.
   *
   * @param row null for settings that are not saved
   */
  async prepare(row: RemoteRow | null, target: SshTarget): Promise<SshTarget> {
    const jumps: SshTarget[] = [];
    for (const jump of target.jumps ?? []) {
      jumps.push(await this.withWhatIsKnown(row, hostKeyName(jump), jump));
    }
    const last = await this.withWhatIsKnown(row, null, target);
    return jumps.length === 0 ? last : { ...last, jumps };
  }

  private async withWhatIsKnown(
    row: RemoteRow | null,
    hop: string | null,
    target: SshTarget,
  ): Promise<SshTarget> {
    const { pinned, offered } = row ? keysOf(row, hop) : NO_KEYS;
    const { refusal } = offered ?? {};
    if (refusal && isHardStop(refusal)) {
      const { code, detail } = refusal;
      throw new SshFailure(code, target, detail === undefined ? {} : { detail });
    }
    if (pinned) {
      return pinned.authority
        ? { ...target, authorities: [publicKeyOf(Buffer.from(pinned.blob ?? '', 'base64'))] }
        : { ...target, knownKeyTypes: [pinned.type] };
    }
    const { known, knownWithoutPort } = saidOf(row, hop, target, await readKnownHosts(target));
    const said = [...known, ...knownWithoutPort];
    const keysMarked = (wanted: KnownHost['marker']): PublicKey[] =>
      said.flatMap(({ marker, key }) => (marker === wanted ? [key] : []));
    const keys = keysMarked(null);
    const authorities = keysMarked('cert-authority');
    return {
      ...target,
      ...(keys.length === 0 ? {} : { knownKeyTypes: keys.map(({ type }) => type) }),
      ...(authorities.length === 0 ? {} : { authorities }),
    };
  }
}

const NO_KEYS: KeptHostKeys = { pinned: null, offered: null };

const saidOf = (
  row: RemoteRow | null,
  hop: string | null,
  target: SshTarget,
  files: KnownHosts,
): Pick<HostKeyCase, 'known' | 'knownWithoutPort'> => {
  const withoutPort = nameWithoutPort(target);
  return {
    known: [...(row ? importedLines(row, hop) : []), ...files.of(knownHostName(target))],
    knownWithoutPort: withoutPort === null ? [] : files.of(withoutPort),
  };
};

const refusalOf = ({ code, detail }: HostKeyRefused): HostKeyRefusal => ({
  code,
  ...(detail === undefined ? {} : { detail }),
});
