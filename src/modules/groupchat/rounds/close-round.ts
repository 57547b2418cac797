import { Injectable } from '@nestjs/common';
import { type QuestionRow } from '../storage/question.entity.js';
import { type RoundRow } from '../storage/round.entity.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { AskModerator } from './ask-moderator.js';
import { type Scene } from './scene.js';

/** Nobody of the round is waited for any more -> the moderator's synthesis. */
@Injectable()
export class CloseRound {
  constructor(
    private readonly rounds: RoundsRepository,
    private readonly moderator: AskModerator,
  ) {}

  async follow(scene: Scene, question: QuestionRow, round: RoundRow): Promise<void> {
    await this.rounds.update(scene.tx, round.id, { phase: 'synthesis' });
    await this.moderator.ask(scene, question, { ...round, phase: 'synthesis' });
  }
}
