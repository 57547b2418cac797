import { Injectable } from '@nestjs/common';
import { toMessage } from '../chronicle.js';
import { type ExportFormat } from '../groupchat.schemas.js';
import { GroupChatsService } from '../groupchats.service.js';
import { MessagesRepository } from '../storage/messages.repository.js';
import { RoundsRepository } from '../storage/rounds.repository.js';
import { Views } from '../views.js';
import { toHtml } from './html.js';
import { toMarkdown } from './markdown.js';
import { type Transcript } from './transcript.js';

export interface ExportedFile {
  name: string;
  mediaType: string;
  content: string;
}

const WRITERS: Record<
  ExportFormat,
  { extension: string; mediaType: string; write: (transcript: Transcript) => string }
> = {
  html: { extension: 'html', mediaType: 'text/html; charset=utf-8', write: toHtml },
  markdown: { extension: 'md', mediaType: 'text/markdown; charset=utf-8', write: toMarkdown },
  json: {
    extension: 'json',
    mediaType: 'application/json; charset=utf-8',
    write: (transcript) => `${JSON.stringify(transcript, null, 2)}\n`,
  },
};

/** A whole chat as one file. */
@Injectable()
export class ExportService {
  constructor(
    private readonly groupChats: GroupChatsService,
    private readonly messages: MessagesRepository,
    private readonly rounds: RoundsRepository,
    private readonly views: Views,
  ) {}

  async export(chatId: string, format: ExportFormat): Promise<ExportedFile> {
    const groupChat = await this.groupChats.get(chatId);
    const messages = (await this.messages.all(chatId)).map(toMessage);
    const rounds = await this.views.roundsOf(await this.rounds.all(chatId));
    const { extension, mediaType, write } = WRITERS[format];
    return {
      name: `groupchat-${chatId}.${extension}`,
      mediaType,
      content: write({ groupChat, messages, rounds }),
    };
  }
}
