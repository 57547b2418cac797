import { Injectable } from '@nestjs/common';
import { type SessionOutline, SessionsService } from '../sessions/index.js';

/** What a chat needs to know of a session. */
export interface Person {
  sessionId: string;
  name: string;
  agent: string;
  /** With ` (SSH)` on a remote. */
  agentLabel: string;
  /** What a read-only turn of it is worth. */
  readOnly: SessionOutline['readOnly'];
  remote: boolean;
  hostName: string | null;
}

export type PeopleById = ReadonlyMap<string, Person>;

/** Who could take part: the sessions. Read before a transaction, never in it. */
@Injectable()
export class People {
  constructor(private readonly sessions: SessionsService) {}

  async everybody(): Promise<PeopleById> {
    const sessions = await this.sessions.all();
    return new Map(sessions.map((session) => [session.id, toPerson(session)]));
  }

  /** Of these ids; a session that is gone is absent. */
  async find(sessionIds: readonly string[]): Promise<PeopleById> {
    const sessions = await this.sessions.find(sessionIds);
    return new Map(sessions.map((session) => [session.id, toPerson(session)]));
  }

  /** @throws {SessionNotFound} */
  async get(sessionId: string): Promise<Person> {
    return toPerson(await this.sessions.get(sessionId));
  }
}

const toPerson = (session: SessionOutline): Person => ({
  sessionId: session.id,
  name: session.name,
  agent: session.agent,
  agentLabel: session.agentLabel,
  readOnly: session.readOnly,
  remote: session.target.remote,
  hostName: session.target.hostName,
});
