import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  StreamableFile,
} from '@nestjs/common';
import {
  Answers,
  Creates,
  id,
  Idempotent,
  type Page,
  pageOf,
  type PageQuery,
  pageQuery,
  ResourceId,
} from '../../platform/http/index.js';
import { ExportService } from './export/export.service.js';
import { type GroupChat, groupChatSchema } from './groupchat.answers.js';
import {
  exportQuery,
  type ExportQuery,
  type GroupChatPatch,
  groupChatPatchSchema,
  type NewGroupChat,
  newGroupChatSchema,
} from './groupchat.schemas.js';
import { GroupChatsService } from './groupchats.service.js';
import { ParticipantsService } from './participants.service.js';

@Controller('groupchats')
export class GroupChatsController {
  constructor(
    private readonly chats: GroupChatsService,
    private readonly participants: ParticipantsService,
    private readonly exports: ExportService,
  ) {}

  @Get()
  @Answers(pageOf(groupChatSchema))
  list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<GroupChat>> {
    return this.chats.list(query);
  }

  @Post()
  @Creates(groupChatSchema, (chat) => `/groupchats/${chat.id}`)
  create(
    @ResourceId() chatId: string,
    @Body({ schema: newGroupChatSchema }) input: NewGroupChat,
  ): Promise<GroupChat> {
    return this.chats.create(chatId, input);
  }

  @Get(':id')
  @Answers(groupChatSchema)
  get(@Param('id', { schema: id }) chatId: string): Promise<GroupChat> {
    return this.chats.get(chatId);
  }

  @Patch(':id')
  @Answers(groupChatSchema)
  patch(
    @Param('id', { schema: id }) chatId: string,
    @Body({ schema: groupChatPatchSchema }) patch: GroupChatPatch,
  ): Promise<GroupChat> {
    return this.chats.patch(chatId, patch);
  }

  @Delete(':id')
  @HttpCode(204)
  delete(@Param('id', { schema: id }) chatId: string): Promise<void> {
    return this.chats.delete(chatId);
  }

  @Post(':id/archive')
  @Answers(groupChatSchema)
  @Idempotent()
  archive(@Param('id', { schema: id }) chatId: string): Promise<GroupChat> {
    return this.chats.archive(chatId);
  }

  @Put(':id/participants/:sessionId')
  @Answers(groupChatSchema)
  addParticipant(
    @Param('id', { schema: id }) chatId: string,
    @Param('sessionId', { schema: id }) sessionId: string,
  ): Promise<GroupChat> {
    return this.participants.add(chatId, sessionId);
  }

  @Delete(':id/participants/:sessionId')
  @HttpCode(204)
  removeParticipant(
    @Param('id', { schema: id }) chatId: string,
    @Param('sessionId', { schema: id }) sessionId: string,
  ): Promise<void> {
    return this.participants.remove(chatId, sessionId);
  }

  @Get(':id/export')
  async export(
    @Param('id', { schema: id }) chatId: string,
    @Query({ schema: exportQuery }) { format }: ExportQuery,
  ): Promise<StreamableFile> {
    const { name, mediaType, content } = await this.exports.export(chatId, format);
    const disposition = `attachment; filename="${name}"`;
    return new StreamableFile(Buffer.from(content), { type: mediaType, disposition });
  }
}
