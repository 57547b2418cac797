import { type NextFunction, type Request, type Response } from 'express';
import { v7 as uuidv7 } from 'uuid';

/** What a caller may name its request: it is echoed and logged, so nothing that could forge a line. */
const ACCEPTABLE = /^[\w.:-]{1,100}$/;

const HEADER = 'X-Request-Id';

/** Gives every request an id, the caller's own where it is harmless, and says it in the answer. */
export const requestIds = (request: Request, response: Response, next: NextFunction): void => {
  const asked = request.get(HEADER);
  response.setHeader(HEADER, asked !== undefined && ACCEPTABLE.test(asked) ? asked : uuidv7());
  next();
};

export const requestIdOf = (response: Response): string => {
  const id = response.getHeader(HEADER);
  if (typeof id === 'string') return id;
  const made = uuidv7();
  response.setHeader(HEADER, made);
  return made;
};
