import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import {
  Answers,
  id,
  Idempotent,
  type Page,
  pageOf,
  type PageQuery,
  pageQuery,
  ResourceId,
  StartsWork,
} from '../../platform/http/index.js';
import { ConversationService } from './conversation.service.js';
import {
  type GroupChat,
  groupChatSchema,
  type Message,
  messageSchema,
  type Round,
  roundSchema,
} from './groupchat.answers.js';
import {
  type MessagePageQuery,
  messagePageQuery,
  type NewMessage,
  newMessageSchema,
} from './groupchat.schemas.js';

@Controller('groupchats/:id')
export class ConversationController {
  constructor(private readonly conversation: ConversationService) {}

  @Post('messages')
  @StartsWork(messageSchema, ({ groupChatId, id }) => `/groupchats/${groupChatId}/messages/${id}`)
  post(
    @Param('id', { schema: id }) chatId: string,
    @ResourceId() messageId: string,
    @Body({ schema: newMessageSchema }) input: NewMessage,
  ): Promise<Message> {
    return this.conversation.post(chatId, messageId, input);
  }

  @Get('messages')
  @Answers(pageOf(messageSchema))
  transcript(
    @Param('id', { schema: id }) chatId: string,
    @Query({ schema: messagePageQuery }) query: MessagePageQuery,
  ): Promise<Page<Message>> {
    return this.conversation.transcript(chatId, query);
  }

  @Get('messages/:messageId')
  @Answers(messageSchema)
  message(
    @Param('id', { schema: id }) chatId: string,
    @Param('messageId', { schema: id }) messageId: string,
  ): Promise<Message> {
    return this.conversation.message(chatId, messageId);
  }

  @Get('rounds')
  @Answers(pageOf(roundSchema))
  rounds(
    @Param('id', { schema: id }) chatId: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<Round>> {
    return this.conversation.listRounds(chatId, query);
  }

  @Post('stop')
  @Answers(groupChatSchema)
  @Idempotent()
  stop(@Param('id', { schema: id }) chatId: string): Promise<GroupChat> {
    return this.conversation.stop(chatId);
  }
}
