import { Body, Controller, Get, Headers, Param, Put, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { Answers, id } from '../../../platform/http/index.js';
import {
  type Document,
  type DocumentList,
  documentListSchema,
  documentPathParam,
  documentSchema,
  type PutDocument,
  putDocumentSchema,
} from './documents.schemas.js';
import { DocumentsService } from './documents.service.js';
import { etagHeader, expectedEtag } from './etag.js';

@ApiTags('autorun')
@Controller('sessions/:id/documents')
export class DocumentsController {
  constructor(private readonly documents: DocumentsService) {}

  @Get()
  @ApiOperation({ summary: 'Documents of the Auto Run folder, with their task counts' })
  @Answers(documentListSchema)
  list(@Param('id', { schema: id }) sessionId: string): Promise<DocumentList> {
    return this.documents.list(sessionId);
  }

  @Get('*path')
  @ApiOperation({ summary: 'One document' })
  @ApiParam({ name: 'path', type: String })
  @Answers(documentSchema)
  async read(
    @Param('id', { schema: id }) sessionId: string,
    @Param('path', { schema: documentPathParam }) path: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Document> {
    return withEtag(response, await this.documents.read(sessionId, path));
  }

  @Put('*path')
  @ApiOperation({ summary: 'Write a document' })
  @ApiParam({ name: 'path', type: String })
  @ApiHeader({ name: 'If-Match', required: false, description: 'The ETag it was read with' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: '`*`: it must not exist' })
  @Answers(documentSchema)
  async write(
    @Param('id', { schema: id }) sessionId: string,
    @Param('path', { schema: documentPathParam }) path: string,
    @Body({ schema: putDocumentSchema }) { content }: PutDocument,
    @Headers() headers: Record<string, string | undefined>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Document> {
    const expected = expectedEtag(headers);
    return withEtag(response, await this.documents.write(sessionId, path, content, expected));
  }
}

const withEtag = (response: Response, document: Document): Document => {
  response.setHeader('ETag', etagHeader(document.etag));
  return document;
};
