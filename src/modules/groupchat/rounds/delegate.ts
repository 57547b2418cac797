import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { DomainError, type Failure, toFailure } from '../../../platform/errors/index.js';
import { JobQueue } from '../../../platform/queue/index.js';
import { type NewTurn, TurnsService } from '../../sessions/index.js';
import { ADVANCE_GROUP_CHAT } from '../advance-group-chat.job.js';
import { type Addressee } from '../mentions/addressees.js';
import { participantPrompt, type Quote } from '../prompts.js';
import { MessagesRepository } from '../storage/messages.repository.js';
import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { QuestionImages } from './question-images.js';
import { type Scene } from './scene.js';

const TRANSCRIPT_MESSAGES = 15;
const TRANSCRIPT_CHARS = 2_000;

export interface Refusal {
  handle: string;
  failure: Failure;
}

/** Hands the moderator's words to everybody they address, in parallel. */
@Injectable()
export class Delegate {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly messages: MessagesRepository,
    private readonly turns: TurnsService,
    private readonly images: QuestionImages,
    private readonly jobs: JobQueue,
  ) {}

  /** Returns those whose session refused the turn: they count as answered. */
  async follow(
    scene: Scene,
    question: QuestionRow,
    round: RoundRow,
    asked: string,
    addressees: readonly Addressee[],
  ): Promise<Refusal[]> {
    const { tx, chat, now } = scene;
    const timeoutMs = chat.limits.participantTimeoutMs;
    const recent = await this.messages.recent(tx, chat.id, TRANSCRIPT_MESSAGES);
    const transcript: Quote[] = recent.map(({ name, text }) => ({ name, text: clipped(text) }));
    const refusals: Refusal[] = [];
    // In one order everywhere, so that two chats that ask the same sessions do not wait for each other.
    for (const { person, handle } of addressees.toSorted(bySession)) {
      const images = await this.images.of(tx, question, person.sessionId);
      const prompt = participantPrompt({
        chat: chat.name,
        handle,
        transcript,
        asked,
        images: images.brief,
        readOnly: question.readOnly,
      });
      const outcome = await this.enqueue(scene, {
        sessionId: person.sessionId,
        prompt,
        readOnly: question.readOnly,
        imageIds: images.shown,
      });
      const refused = typeof outcome !== 'string';
      if (refused) refusals.push({ handle, failure: outcome });
      await this.rounds.insertTurn(tx, {
        id: uuid(),
        roundId: round.id,
        chatId: chat.id,
        role: 'participant',
        sessionId: person.sessionId,
        handle,
        turnId: refused ? null : outcome,
        state: refused ? 'failed' : 'pending',
        settled: refused,
        deadlineAt: new Date(now.getTime() + timeoutMs),
        failure: refused ? outcome : null,
        costUsd: null,
      });
    }
    tx.afterCommit(() => {
      this.jobs.ring(ADVANCE_GROUP_CHAT.name, chat.id, timeoutMs);
    });
    return refusals;
  }

  /** The id of the turn, or why the session refused it. */
  private async enqueue(
    { tx, chat }: Scene,
    asked: Pick<NewTurn, 'sessionId' | 'prompt' | 'readOnly' | 'imageIds'>,
  ): Promise<string | Failure> {
    try {
      const turn = await this.turns.enqueue(tx, {
        ...asked,
        kind: 'participant',
        owner: { job: ADVANCE_GROUP_CHAT, id: chat.id },
      });
      return turn.id;
    } catch (error) {
      if (error instanceof DomainError) return toFailure(error);
      throw error;
    }
  }
}

const bySession = (a: Addressee, b: Addressee): number =>
  a.person.sessionId < b.person.sessionId ? -1 : 1;

const clipped = (text: string): string =>
  text.length <= TRANSCRIPT_CHARS ? text : `${text.slice(0, TRANSCRIPT_CHARS)} [...]`;
