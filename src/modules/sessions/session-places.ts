import { Injectable } from '@nestjs/common';
import { type Host } from '../../hosts/index.js';
import { RemoteHosts, RemotesService, settableVariables } from '../remotes/index.js';
import { SessionSecrets } from './session-secrets.js';
import { SessionNotFound } from './sessions.errors.js';
import { type SessionRow } from './storage/session.entity.js';
import { SessionsRepository } from './storage/sessions.repository.js';

/** Where the work of a session is done, and with which environment. */
export interface SessionPlace {
  host: Host;
  cwd: string;
  /** The session's variables over the remote's. */
  env: Record<string, string>;
}

/** Leads from sessions to their hosts. */
@Injectable()
export class SessionPlaces {
  constructor(
    private readonly rows: SessionsRepository,
    private readonly remotes: RemotesService,
    private readonly hosts: RemoteHosts,
    private readonly secrets: SessionSecrets,
  ) {}

  /** @throws the remote's refusal when it is gone or disabled: never another host instead. */
  async hostOf(sessionId: string): Promise<SessionPlace> {
    const row = await this.rows.find(sessionId);
    if (!row) throw new SessionNotFound(sessionId);
    return this.placeOf(row, row.remoteId);
  }

  /** The place of a turn, which runs where it was asked for or not at all, whatever the session says by now. */
  async placeOf(
    row: Pick<SessionRow, 'id' | 'cwd' | 'env'>,
    remoteId: string | null,
  ): Promise<SessionPlace> {
    const [host, remoteEnv] = await Promise.all([
      this.hosts.resolve(remoteId),
      remoteId === null ? {} : this.remotes.env(remoteId),
    ]);
    const env = { ...remoteEnv, ...this.secrets.openEnv(row.id, row.env) };
    return { host, cwd: row.cwd, env: settableVariables(env, { sessionId: row.id, remoteId }) };
  }
}
