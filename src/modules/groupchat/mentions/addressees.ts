import { type PeopleById, type Person } from '../people.js';
import { fold, Handles } from './handle.js';
import { type Mentions, resolveMentions } from './mentions.js';

export interface Addressee {
  person: Person;
  handle: string;
  /** Not in the chat yet: the mention brings it in. */
  joins: boolean;
}

export interface Addressed extends Omit<Mentions, 'mentioned'> {
  addressees: Addressee[];
}

export interface Room {
  moderatorSessionId: string;
  participants: readonly { sessionId: string; handle: string }[];
  /** Sessions that the user has sent away: nobody but the user calls them back. */
  removed: ReadonlySet<string>;
}

/** Words by which agents speak of those who are in every chat: neither a participant nor a mistake. */
const ROLES: ReadonlySet<string> = new Set(['user', 'moderator'].map(fold));

/** Whom a text addresses, among those in the chat and all other sessions. */
export const addressedBy = (
  text: string,
  speaker: 'user' | 'moderator',
  room: Room,
  people: PeopleById,
): Addressed => {
  const known = new Map<string, Addressee>();
  for (const seat of [...presentIn(room, people), ...othersThan(room, speaker, people)]) {
    known.set(seat.handle, seat);
  }
  const { mentioned, unknown, ambiguous } = resolveMentions(
    text,
    [...known.values()].map(({ handle, person, joins }) => ({
      handle,
      name: person.name,
      outside: joins,
    })),
  );
  const addressees = mentioned.flatMap((handle) => known.get(handle) ?? []);
  return { addressees, unknown: unknown.filter((token) => !ROLES.has(fold(token))), ambiguous };
};

export const presentIn = (room: Room, people: PeopleById): Addressee[] =>
  room.participants.flatMap(({ sessionId, handle }) => {
    const person = people.get(sessionId);
    return person ? [{ person, handle, joins: false }] : [];
  });

/** Those whom the speaker may bring in, with the handles they would get. */
export const othersThan = (
  room: Room,
  speaker: 'user' | 'moderator',
  people: PeopleById,
): Addressee[] => {
  const present = new Set(room.participants.map(({ sessionId }) => sessionId));
  const handles = new Handles(room.participants.map(({ handle }) => handle));
  return [...people.values()]
    .filter(({ sessionId }) => sessionId !== room.moderatorSessionId && !present.has(sessionId))
    .filter(({ sessionId }) => speaker === 'user' || !room.removed.has(sessionId))
    .map((person) => ({ person, handle: handles.take(person.name), joins: true }));
};

/** What a reader should know of mentions that addressed nobody; null when there were none. */
export const complaintOf = ({
  unknown,
  ambiguous,
}: Pick<Addressed, 'unknown' | 'ambiguous'>): string | null => {
  const complaints = [
    ...unknown.map((token) => `Nobody here is called @${token}.`),
    ...ambiguous.map(
      ({ token, candidates }) =>
        `@${token} could be ${candidates.map((handle) => `@${handle}`).join(' or ')}: add the one you mean to the chat, or use its handle.`,
    ),
  ];
  return complaints.length === 0 ? null : complaints.join('\n');
};
