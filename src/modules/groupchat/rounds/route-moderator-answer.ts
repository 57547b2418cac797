import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Chronicle } from '../chronicle.js';
import { type Addressed, addressedBy, complaintOf } from '../mentions/addressees.js';
import { Participation } from '../participation.js';
import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { type RoundTurnRow } from '../storage/round-turn.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { AskModerator, sentence } from './ask-moderator.js';
import { type Ceiling, ceilingOf } from './ceilings.js';
import { costOf, failureOf } from './collect-answers.js';
import { Delegate } from './delegate.js';
import { EndQuestion } from './end-question.js';
import { endOf } from './picture.js';
import { type Scene } from './scene.js';

/** What the moderator said in its turn, and where in the question it said it. */
interface Answer {
  question: QuestionRow;
  round: RoundRow;
  turn: RoundTurnRow;
  text: string;
}

const CEILINGS: Record<Ceiling, string> = {
  'round-limit': 'The limit of rounds is reached: nobody else was asked.',
  'cost-limit': 'The cost limit of a question is reached: nobody else was asked.',
};

/** The moderator's turn has ended -> participant turns, one correction, or the end of the question. */
@Injectable()
export class RouteModeratorAnswer {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly participation: Participation,
    private readonly chronicle: Chronicle,
    private readonly delegate: Delegate,
    private readonly moderator: AskModerator,
    private readonly end: EndQuestion,
  ) {}

  async follow(
    scene: Scene,
    question: QuestionRow,
    round: RoundRow,
    turn: RoundTurnRow,
  ): Promise<void> {
    const end = endOf(scene, turn);
    if (end === undefined) return;
    const failure = failureOf(end);
    await this.rounds.updateTurn(scene.tx, turn.id, {
      state: failure ? 'failed' : 'answered',
      settled: true,
      costUsd: costOf(end),
      failure,
    });
    const text = end === 'deleted' ? '' : (end.text ?? '');
    if (failure) {
      await this.fail(scene, question, round, `The moderator failed: ${sentence(failure)}`);
    } else if (text.trim() === '') {
      await this.fail(scene, question, round, 'The moderator gave an empty answer.');
    } else {
      await this.route(scene, { question, round, turn, text });
    }
  }

  private async route(scene: Scene, answer: Answer): Promise<void> {
    const { question, round, text } = answer;
    const room = await this.participation.room(scene.tx, scene.chat);
    const addressed = addressedBy(text, 'moderator', room, scene.people);
    const complaint = complaintOf(addressed);
    const ceiling = await this.ceiling(scene, answer);
    if (ceiling) {
      await this.say(scene, answer);
      if (addressed.addressees.length > 0) await this.note(scene, round, CEILINGS[ceiling]);
      await this.end.follow(scene, question, ceiling);
    } else if (addressed.addressees.length > 0) {
      await this.openRound(scene, answer, addressed);
    } else if (complaint === null) {
      await this.say(scene, answer);
      await this.end.follow(scene, question, 'answered');
    } else if (question.corrected) {
      await this.say(scene, answer);
      await this.note(scene, round, `Nobody was asked. ${complaint}`);
      await this.end.follow(scene, question, 'nobody-addressed');
    } else {
      await this.rounds.updateQuestion(scene.tx, question.messageId, { corrected: true });
      await this.moderator.ask(scene, question, round, { answer: text, complaint });
      await this.say(scene, answer);
    }
  }

  /** The first delegation belongs to the round that began with the question; every later one opens the next. */
  private async openRound(scene: Scene, answer: Answer, addressed: Addressed): Promise<void> {
    const { tx, chat, now } = scene;
    const { question, turn, text } = answer;
    const round = await this.roundOf(scene, answer);
    const refusals = await this.delegate.follow(scene, question, round, text, addressed.addressees);
    await this.rounds.updateQuestion(tx, question.messageId, { corrected: false });
    await this.rounds.update(tx, round.id, {
      phase: 'participants',
      moderatorTurnId: turn.turnId,
      startedAt: now,
    });
    for (const addressee of addressed.addressees.filter(({ joins }) => joins)) {
      await this.participation.join(tx, chat, addressee, 'moderator');
    }
    await this.say(scene, { ...answer, round });
    const complaint = complaintOf(addressed);
    if (complaint !== null) await this.note(scene, round, complaint);
    for (const { handle, failure } of refusals) {
      await this.note(scene, round, `@${handle} can't be asked: ${sentence(failure)}`);
    }
    await this.chronicle.become(tx, chat, 'agents-working', { round: round.number });
  }

  private async roundOf({ tx, now }: Scene, { round }: Answer): Promise<RoundRow> {
    if (round.phase === 'moderator') return round;
    await this.rounds.update(tx, round.id, { phase: 'closed', closedAt: now });
    const next: RoundRow = {
      ...round,
      id: uuid(),
      number: round.number + 1,
      phase: 'participants',
      startedAt: now,
    };
    await this.rounds.insert(tx, next);
    return next;
  }

  private async ceiling({ tx, chat }: Scene, { question, round }: Answer): Promise<Ceiling | null> {
    const rounds = await this.rounds.ofQuestion(question.messageId, tx);
    const turns = await this.rounds.turnsOfRounds(
      rounds.map(({ id }) => id),
      tx,
    );
    return ceilingOf(chat.limits, round, turns);
  }

  private async say({ tx, chat }: Scene, { round, turn, text }: Answer): Promise<void> {
    await this.chronicle.say(tx, chat, {
      from: 'moderator',
      sessionId: turn.sessionId,
      turnId: turn.turnId,
      text,
      readOnly: true,
      round: round.number,
    });
  }

  private async note({ tx, chat }: Scene, round: RoundRow, text: string): Promise<void> {
    await this.chronicle.say(tx, chat, { from: 'system', text, round: round.number });
  }

  private async fail(
    scene: Scene,
    question: QuestionRow,
    round: RoundRow,
    text: string,
  ): Promise<void> {
    await this.note(scene, round, text);
    await this.end.follow(scene, question, 'moderator-failed');
  }
}
