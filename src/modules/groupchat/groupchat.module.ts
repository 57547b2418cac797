import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../../agents/index.js';
import { SessionsModule } from '../sessions/index.js';
import { Chronicle } from './chronicle.js';
import { ConversationController } from './conversation.controller.js';
import { ConversationService } from './conversation.service.js';
import { ExportService } from './export/export.service.js';
import { GroupChatsController } from './groupchats.controller.js';
import { GroupChatsService } from './groupchats.service.js';
import { Moderators } from './moderators.service.js';
import { ParticipantsService } from './participants.service.js';
import { Participation } from './participation.js';
import { People } from './people.js';
import { AdvanceGroupChat } from './rounds/advance-group-chat.handler.js';
import { Arrows } from './rounds/arrows.js';
import { AskModerator } from './rounds/ask-moderator.js';
import { CloseRound } from './rounds/close-round.js';
import { CollectAnswers } from './rounds/collect-answers.js';
import { Delegate } from './rounds/delegate.js';
import { EndQuestion } from './rounds/end-question.js';
import { ExpireTurns } from './rounds/expire-turns.js';
import { ModeratorBriefs } from './rounds/moderator-briefs.js';
import { Pictures } from './rounds/picture.js';
import { QuestionImages } from './rounds/question-images.js';
import { RouteModeratorAnswer } from './rounds/route-moderator-answer.js';
import { StartQuestion } from './rounds/start-question.js';
import { GroupChatEntity } from './storage/group-chat.entity.js';
import { GroupChatsRepository } from './storage/group-chats.repository.js';
import { MessageEntity } from './storage/message.entity.js';
import { MessagesRepository } from './storage/messages.repository.js';
import { ParticipantEntity } from './storage/participant.entity.js';
import { QuestionEntity } from './storage/question.entity.js';
import { RoundEntity } from './storage/round.entity.js';
import { RoundTurnEntity } from './storage/round-turn.entity.js';
import { RoundsRepository } from './storage/rounds.repository.js';
import { Views } from './views.js';

const entities = [
  GroupChatEntity,
  MessageEntity,
  ParticipantEntity,
  QuestionEntity,
  RoundEntity,
  RoundTurnEntity,
];

const rounds = [
  AdvanceGroupChat,
  Arrows,
  AskModerator,
  CloseRound,
  CollectAnswers,
  Delegate,
  EndQuestion,
  ExpireTurns,
  ModeratorBriefs,
  Pictures,
  QuestionImages,
  RouteModeratorAnswer,
  StartQuestion,
];

@Module({
  imports: [TypeOrmModule.forFeature(entities), AgentsModule, SessionsModule],
  controllers: [ConversationController, GroupChatsController],
  providers: [
    Chronicle,
    ConversationService,
    ExportService,
    GroupChatsRepository,
    GroupChatsService,
    MessagesRepository,
    Moderators,
    ParticipantsService,
    Participation,
    People,
    RoundsRepository,
    Views,
    ...rounds,
  ],
  exports: [GroupChatsService],
})
export class GroupChatModule {}
