import { Injectable, Logger } from '@nestjs/common';
import { hostKeyName, type SshTarget } from '../../../hosts/index.js';
import { type Tx } from '../../../platform/database/index.js';
import { EventLog } from '../../../platform/events/index.js';
import { type RemoteRow } from '../storage/remote.entity.js';
import { isHardStop, type KeptHostKey, type RefusedHostKey, shownKey } from './kept-host-key.js';

export interface RefusedShow {
  hop: string | null;
  target: SshTarget;
  pinned: KeptHostKey | null;
  /** What had been refused before. */
  before: RefusedHostKey | null;
  shown: RefusedHostKey;
}

/** Tells everybody who watches that a host shows a key which is not its own. */
@Injectable()
export class HostKeyAlarms {
  private readonly log = new Logger(HostKeyAlarms.name);

  constructor(private readonly events: EventLog) {}

  /** `remote.host-key-changed` on the remote's stream and on `server`: once per key, however often it is shown. */
  async raise(tx: Tx, { id, name }: RemoteRow, show: RefusedShow): Promise<void> {
    const { hop, target, pinned, before, shown } = show;
    const { refusal } = shown;
    if (!refusal || !isHardStop(refusal)) return;
    const isKnown =
      before?.fingerprint === shown.fingerprint &&
      (before.refusal === undefined || before.refusal.code === refusal.code);
    if (isKnown) return;
    const fact = {
      remoteId: id,
      name,
      host: hostKeyName(target),
      isOnTheWay: hop !== null,
      code: refusal.code,
      detail: refusal.detail ?? null,
      pinned: pinned && shownKey(pinned),
      offered: shownKey(shown),
    };
    await this.events.append(tx, `remote:${id}`, 'remote.host-key-changed', fact);
    await this.events.append(tx, 'server', 'remote.host-key-changed', fact);
    tx.afterCommit(() => {
      this.log.warn({ message: 'host key refused', ...fact });
    });
  }
}
