import { Injectable } from '@nestjs/common';
import { type Addressee, othersThan, presentIn, type Room } from '../mentions/addressees.js';
import { fold, handleOf } from '../mentions/handle.js';
import { Participation } from '../participation.js';
import {
  type ImagesBrief,
  missingAnswer,
  moderatorPrompt,
  type RoundSoFar,
  type Seat,
} from '../prompts.js';
import { MessagesRepository } from '../storage/messages.repository.js';
import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { type RoundTurnRow } from '../storage/round-turn.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { ceilingOf } from './ceilings.js';
import { type Scene } from './scene.js';

const TRANSCRIPT_MESSAGES = 30;
/** More names would drown the question. */
const AVAILABLE_SESSIONS = 30;

/** An answer that addressed nobody by mistake, and what was wrong with it. */
export interface Correction {
  answer: string;
  complaint: string;
}

/** Gathers what the moderator's prompt must carry. */
@Injectable()
export class ModeratorBriefs {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly messages: MessagesRepository,
    private readonly participation: Participation,
  ) {}

  async write(
    { tx, chat, people }: Scene,
    question: QuestionRow,
    round: RoundRow,
    correction: Correction | null,
    images: ImagesBrief | null,
  ): Promise<string> {
    const room = await this.participation.room(tx, chat);
    const asked = await this.messages.find(chat.id, question.messageId, tx);
    const before = await this.messages.recent(tx, chat.id, TRANSCRIPT_MESSAGES, {
      upTo: question.heardSeq,
      except: question.messageId,
    });
    const rounds = await this.rounds.ofQuestion(question.messageId, tx);
    const turns = await this.rounds.turnsOfRounds(
      rounds.map(({ id }) => id),
      tx,
    );
    const said = await this.messages.ofTurns(tx, [
      ...turns.flatMap(({ turnId }) => turnId ?? []),
      ...rounds.flatMap(({ moderatorTurnId }) => moderatorTurnId ?? []),
    ]);
    return moderatorPrompt({
      chat: chat.name,
      participants: presentIn(room, people).map(toSeat),
      available: available(room, people),
      transcript: before,
      question: asked?.text ?? '',
      images,
      rounds: rounds
        .filter(({ moderatorTurnId }) => moderatorTurnId !== null)
        .map((each) => soFar(each, turns, said)),
      apart: people.get(chat.moderatorSessionId)?.readOnly === 'advisory',
      last: ceilingOf(chat.limits, round, turns),
      correction,
    });
  }
}

const soFar = (
  round: RoundRow,
  turns: readonly RoundTurnRow[],
  said: ReadonlyMap<string, string>,
): RoundSoFar => ({
  number: round.number,
  asked: said.get(round.moderatorTurnId ?? '') ?? '',
  answers: turns
    .filter(({ roundId, role }) => roundId === round.id && role === 'participant')
    .map((turn) => ({ handle: turn.handle, text: answerOf(turn, said) })),
});

const answerOf = (turn: RoundTurnRow, said: ReadonlyMap<string, string>): string => {
  const text = turn.turnId === null ? undefined : said.get(turn.turnId);
  switch (turn.state) {
    case 'answered':
    case 'pending':
      return text ?? '[no text]';
    case 'late':
      return `[late] ${text ?? ''}`;
    case 'failed':
    case 'timed-out':
    case 'stopped':
      return missingAnswer(turn.state, turn.failure?.message ?? 'no answer');
  }
};

/** The newest of those whose name is theirs alone: a mention of the others would be ambiguous. */
const available = (room: Room, people: Scene['people']): Seat[] => {
  const others = othersThan(room, 'moderator', people);
  const counts = new Map<string, number>();
  for (const { person } of others) {
    const name = fold(handleOf(person.name));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return others
    .filter(
      ({ handle, person }) => handle === handleOf(person.name) && counts.get(fold(handle)) === 1,
    )
    .slice(-AVAILABLE_SESSIONS)
    .map(toSeat);
};

const toSeat = ({ handle, person }: Addressee): Seat => ({
  handle,
  agent: person.agent,
  host: person.hostName ?? 'local',
});
