import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { bugProblem, sendProblem, toProblem } from './problem.js';
import { requestIdOf } from './request-id.js';

/** Turns whatever was thrown into `application/problem+json`. What is no `DomainError` is a bug: logged, not told. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest(), http.getResponse());
  }

  answer(error: unknown, request: Request, response: Response): void {
    const facts = { requestId: requestIdOf(response), method: request.method, path: request.path };
    const known = toProblem(error, facts);
    if (known === null) this.log.error('request failed', { ...facts, error: ofBug(error) });
    else if (known.status >= 500) this.log.warn('request failed', { ...facts, code: known.code });
    if (response.headersSent) {
      // A half-sent answer can only be cut off: an end would look like success.
      response.destroy();
      return;
    }
    sendProblem(response, known ?? bugProblem(facts.requestId));
  }
}

/** Name, message and stack only: other fields of an error may hold what was sent (a failed statement its values). */
const ofBug = (error: unknown): Record<string, unknown> =>
  error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack }
    : { name: typeof error, message: String(error) };
