import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { type Response } from 'express';
import { CursorExpired } from '../events/index.js';
import { ofDomainError, requestIdOf, sendProblem } from '../http/index.js';

/** Says in the problem, besides the usual, from which `seq` on events are kept. */
@Catch(CursorExpired)
export class CursorExpiredFilter implements ExceptionFilter<CursorExpired> {
  catch(error: CursorExpired, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    // A stream that is under way ends; the client's next try is told why.
    if (response.headersSent) return;
    sendProblem(response, {
      ...ofDomainError(error, requestIdOf(response)),
      oldest: error.oldest,
    });
  }
}
