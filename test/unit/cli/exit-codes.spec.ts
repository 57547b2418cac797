import { describe, expect, it } from '@jest/globals';
import { exitCodeFor } from '../../../src/cli/exit-codes.js';

describe('exit codes', () => {
  it.each([
    ['sessions/not-found', 404, 3],
    ['host/file-not-found', 404, 3],
    ['sessions/busy', 409, 4],
    ['files/changed', 412, 4],
    ['remotes/disabled', 409, 4],
    ['http/invalid', 422, 2],
    ['http/malformed-json', 400, 2],
    ['access/unauthenticated', 401, 6],
    ['access/forbidden', 403, 6],
    ['host/timeout', 504, 5],
    ['groupchat/budget-reached', 409, 7],
    ['agent/crashed', null, 8],
    ['agent/unsupported', null, 8],
    ['agent/unsupported', 422, 2],
    ['agent/binary-not-found', 502, 8],
    ['agent/timeout', null, 5],
    ['ssh/refused', 502, 9],
    ['ssh/timeout', 504, 9],
    ['ssh/unresolved', null, 9],
    ['server/unavailable', 503, 9],
    ['server/bug', 500, 1],
    ['something/new', null, 1],
  ])('turns %s with status %s into %i', (code, status, exitCode) => {
    expect(exitCodeFor(code, status)).toBe(exitCode);
  });
});
