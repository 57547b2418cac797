import { Controller, Get, type OnModuleDestroy, Query, Req, Res, UseFilters } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { EventLog } from '../events/index.js';
import { Answers } from '../http/index.js';
import { CursorExpiredFilter } from './cursor-expired.filter.js';
import { streamEvents } from './event-stream.js';
import { type EventsQuery, eventsPageSchema, eventsQuery } from './stream.schemas.js';

const SSE = 'text/event-stream';

@ApiTags('events')
@Controller('events')
@UseFilters(CursorExpiredFilter)
export class EventsController implements OnModuleDestroy {
  private readonly stopping = new AbortController();

  constructor(private readonly log: EventLog) {}

  /** Streams would keep the server from closing. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  @Get()
  @ApiOperation({
    summary: 'Events of a stream behind a cursor',
    description:
      'With `Accept: text/event-stream` the same events, and then live ones, as server-sent events: `id` is the seq, `event` the type, `data` the event.',
  })
  @ApiProduces('application/json', SSE)
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Goes before `after`' })
  @Answers(eventsPageSchema)
  async read(
    @Query({ schema: eventsQuery }) { stream, after, limit }: EventsQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (request.accepts(['application/json', SSE]) === SSE) {
      const cursor = lastEventId(request) ?? after;
      // A cursor that is too old must be told before the stream is under way.
      await this.log.read(stream, cursor, 1);
      await streamEvents({ log: this.log, stream, after: cursor }, response, this.stopping.signal);
      return;
    }
    const { events, head } = await this.log.read(stream, after, limit);
    const last = events.at(-1);
    const more = last !== undefined && last.seq < head;
    response.json({ items: events, head, nextCursor: more ? String(last.seq) : null });
  }
}

/** What an EventSource sends when it connects again. */
const lastEventId = (request: Request): number | undefined => {
  const id = request.get('Last-Event-ID');
  return id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
};
