import { Injectable } from '@nestjs/common';
import { CloseRound } from './close-round.js';
import { CollectAnswers } from './collect-answers.js';
import { EndQuestion } from './end-question.js';
import { ExpireTurns } from './expire-turns.js';
import { type Arrow } from './next-arrow.js';
import { RouteModeratorAnswer } from './route-moderator-answer.js';
import { type Scene } from './scene.js';
import { StartQuestion } from './start-question.js';

/** Which hand carries out which arrow. */
@Injectable()
export class Arrows {
  constructor(
    private readonly start: StartQuestion,
    private readonly route: RouteModeratorAnswer,
    private readonly collect: CollectAnswers,
    private readonly expire: ExpireTurns,
    private readonly close: CloseRound,
    private readonly end: EndQuestion,
  ) {}

  follow(scene: Scene, arrow: Arrow): Promise<void> {
    switch (arrow.kind) {
      case 'start-question':
        return this.start.follow(scene, arrow.question);
      case 'route-moderator-answer':
        return this.route.follow(scene, arrow.question, arrow.round, arrow.turn);
      case 'collect-answers':
        return this.collect.follow(scene, arrow.turns);
      case 'expire-turns':
        return this.expire.follow(scene, arrow.round, arrow.turns);
      case 'close-round':
        return this.close.follow(scene, arrow.question, arrow.round);
      case 'finish-stop':
        return this.end.stopped(scene, arrow.question);
    }
  }
}
