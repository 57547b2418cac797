import { describe, expect, it } from '@jest/globals';
import { nextArrow } from '../../../src/modules/groupchat/rounds/next-arrow.js';
import { aChat, aPicture, aQuestion, aRound, aRoundTurn, aTurn } from './groupchat.builders.js';

const now = new Date('2026-01-01T00:10:00Z');
const past = new Date('2026-01-01T00:09:59Z');
const future = new Date('2026-01-01T00:10:01Z');

describe('An idle chat', () => {
  it('waits when nobody has said anything', () => {
    expect(nextArrow(aPicture({ chat: aChat(), question: null, round: null }), now)).toBeNull();
  });

  it('takes up the message that waits', () => {
    const next = aQuestion({ state: 'queued' });
    const picture = aPicture({ chat: aChat(), question: null, round: null, next });
    expect(nextArrow(picture, now)).toEqual({ kind: 'start-question', question: next });
  });

  it('keeps a late answer before it takes up the next message', () => {
    const late = aRoundTurn({ state: 'timed-out' });
    const picture = aPicture({
      chat: aChat(),
      question: null,
      round: null,
      next: aQuestion({ state: 'queued' }),
      open: [late],
      turns: [aTurn(late, 'completed')],
    });
    expect(nextArrow(picture, now)).toEqual({ kind: 'collect-answers', turns: [late] });
  });
});

describe('A chat whose moderator thinks', () => {
  const asked = aRoundTurn({ role: 'moderator' });
  const scene = {
    chat: aChat({ state: 'moderator-thinking' }),
    round: aRound({ phase: 'moderator' }),
  };

  it.each(['queued', 'starting', 'running', 'stopping', 'limited'] as const)(
    'waits while the turn is %s',
    (state) => {
      const picture = aPicture({ ...scene, open: [asked], turns: [aTurn(asked, state)] });
      expect(nextArrow(picture, now)).toBeNull();
    },
  );

  it.each(['completed', 'failed', 'cancelled', 'lost'] as const)(
    'goes on when the turn is %s',
    (state) => {
      const picture = aPicture({ ...scene, open: [asked], turns: [aTurn(asked, state)] });
      expect(nextArrow(picture, now)).toMatchObject({
        kind: 'route-moderator-answer',
        turn: asked,
      });
    },
  );

  it('goes on when the turn was deleted with its session', () => {
    const picture = aPicture({ ...scene, open: [asked], turns: [] });
    expect(nextArrow(picture, now)).toMatchObject({ kind: 'route-moderator-answer' });
  });
});

describe('A chat whose agents work', () => {
  const a = aRoundTurn({ deadlineAt: future });
  const b = aRoundTurn({ deadlineAt: future });
  const scene = {
    chat: aChat({ state: 'agents-working' }),
    round: aRound({ phase: 'participants' }),
  };

  it('waits for the last of them', () => {
    const picture = aPicture({ ...scene, open: [a], turns: [aTurn(a, 'running')] });
    expect(nextArrow(picture, now)).toBeNull();
  });

  it('collects the answers that are there, while others work on', () => {
    const turns = [aTurn(a, 'running'), aTurn(b, 'completed')];
    expect(nextArrow(aPicture({ ...scene, open: [a, b], turns }), now)).toEqual({
      kind: 'collect-answers',
      turns: [b],
    });
  });

  it('closes the round when nobody is waited for', () => {
    expect(nextArrow(aPicture({ ...scene, open: [] }), now)).toMatchObject({ kind: 'close-round' });
  });

  it('stops those whose deadline has passed, and only those', () => {
    const slow = aRoundTurn({ deadlineAt: past });
    const turns = [aTurn(a, 'running'), aTurn(slow, 'running')];
    expect(nextArrow(aPicture({ ...scene, open: [a, slow], turns }), now)).toMatchObject({
      kind: 'expire-turns',
      turns: [slow],
    });
  });

  it('takes an answer that came before its deadline was looked at', () => {
    const slow = aRoundTurn({ deadlineAt: past });
    const picture = aPicture({ ...scene, open: [slow], turns: [aTurn(slow, 'completed')] });
    expect(nextArrow(picture, now)).toEqual({ kind: 'collect-answers', turns: [slow] });
  });

  it('does not wait for the death of one that has timed out', () => {
    const dying = aRoundTurn({ state: 'timed-out', deadlineAt: past });
    const picture = aPicture({ ...scene, open: [dying], turns: [aTurn(dying, 'stopping')] });
    expect(nextArrow(picture, now)).toMatchObject({ kind: 'close-round' });
  });

  it('does not wait for one that an earlier round left behind', () => {
    const old = aRoundTurn({ roundId: 'earlier', state: 'timed-out', deadlineAt: past });
    const picture = aPicture({ ...scene, open: [old], turns: [aTurn(old, 'running')] });
    expect(nextArrow(picture, now)).toMatchObject({ kind: 'close-round' });
  });
});

describe('A chat that is being stopped', () => {
  const chat = aChat({ state: 'stopping' });

  it('waits until every turn is proved gone', () => {
    const turn = aRoundTurn({});
    const picture = aPicture({ chat, open: [turn], turns: [aTurn(turn, 'stopping')] });
    expect(nextArrow(picture, now)).toBeNull();
  });

  it('delegates nothing that the moderator still said', () => {
    const turn = aRoundTurn({ role: 'moderator' });
    const picture = aPicture({ chat, open: [turn], turns: [aTurn(turn, 'completed')] });
    expect(nextArrow(picture, now)).toEqual({ kind: 'collect-answers', turns: [turn] });
  });

  it('is idle once nothing is left', () => {
    const picture = aPicture({ chat, open: [] });
    expect(nextArrow(picture, now)).toEqual({ kind: 'finish-stop', question: picture.question });
  });

  it('takes up no message before it is idle', () => {
    const next = aQuestion({ state: 'queued' });
    const picture = aPicture({ chat, question: null, round: null, next, open: [] });
    expect(nextArrow(picture, now)).toEqual({ kind: 'finish-stop', question: null });
  });
});
