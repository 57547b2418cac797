import { describe, expect, it } from '@jest/globals';
import {
  addressedBy,
  complaintOf,
  type Room,
} from '../../../src/modules/groupchat/mentions/addressees.js';
import { type PeopleById } from '../../../src/modules/groupchat/people.js';

const people = (names: Record<string, string>): PeopleById =>
  new Map(
    Object.entries(names).map(([sessionId, name]) => [
      sessionId,
      {
        ...{ sessionId, name, agent: 'demo', agentLabel: 'demo', readOnly: 'enforced' as const },
        ...{ remote: false, hostName: null },
      },
    ]),
  );

const room = (change: Partial<Room> = {}): Room => ({
  moderatorSessionId: 'm',
  participants: [{ sessionId: 'a', handle: 'Backend' }],
  removed: new Set(),
  ...change,
});

const known = people({ m: 'Boss', a: 'Backend', b: 'Frontend', c: 'Twin', d: 'Twin' });

describe('A mention of a session outside of the chat', () => {
  it('brings it in', () => {
    expect(
      addressedBy('@Frontend and @Backend', 'moderator', room(), known).addressees,
    ).toMatchObject([
      { handle: 'Frontend', joins: true, person: { sessionId: 'b' } },
      { handle: 'Backend', joins: false, person: { sessionId: 'a' } },
    ]);
  });

  it('does not bring back by the moderator whom the user removed', () => {
    const removed = room({ removed: new Set(['b']) });
    expect(addressedBy('@Frontend', 'moderator', removed, known)).toMatchObject({
      addressees: [],
      unknown: ['Frontend'],
    });
  });

  it('brings back by the user whom the user removed', () => {
    const removed = room({ removed: new Set(['b']) });
    expect(addressedBy('@Frontend', 'user', removed, known).addressees).toMatchObject([
      { handle: 'Frontend', joins: true },
    ]);
  });

  it('never means the moderator', () => {
    expect(addressedBy('@Boss', 'user', room(), known).unknown).toEqual(['Boss']);
  });

  it('is ambiguous when two share the name', () => {
    const addressed = addressedBy('@Twin', 'moderator', room(), known);
    expect(addressed.addressees).toEqual([]);
    expect(complaintOf(addressed)).toContain('@Twin could be @Twin or @Twin-2');
  });

  it('gives a handle that nobody in the chat has', () => {
    const known = people({ a: 'My App', b: 'My-App' });
    const chat = room({ participants: [{ sessionId: 'a', handle: 'My-App' }] });
    expect(addressedBy('@My-App', 'user', chat, known).addressees).toMatchObject([
      { person: { sessionId: 'a' } },
    ]);
  });
});

describe('A complaint', () => {
  it('is not made of the words for user and moderator', () => {
    expect(addressedBy('Here you are, @user. @Moderator out.', 'moderator', room(), known)).toEqual(
      {
        addressees: [],
        unknown: [],
        ambiguous: [],
      },
    );
  });

  it('is made of unknown names only when there are any', () => {
    expect(complaintOf(addressedBy('@Backend', 'user', room(), known))).toBeNull();
    expect(complaintOf(addressedBy('@Backend @Nobody', 'user', room(), known))).toBe(
      'Nobody here is called @Nobody.',
    );
  });
});
