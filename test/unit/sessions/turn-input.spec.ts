import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Outbox } from '../../../src/agents/index.js';
import { HostFailure } from '../../../src/hosts/index.js';
import { SshFailure } from '../../../src/hosts/ssh/errors.js';
import { InputRefused, TurnInput } from '../../../src/modules/sessions/drive/turn-input.js';
import { type StoredParserState } from '../../../src/modules/sessions/storage/turn.entity.js';

const lost = new SshFailure('ssh/connection-lost', { name: 'devbox', host: 'devbox' });
const run = { id: 'turn-0001-1', nonce: '0123456789abcdef' };

const parserWith = (outbox: Outbox): StoredParserState => ({
  ...{ providerSessionId: null, text: null, model: null, usage: null, memory: {} },
  outbox,
});

/** An agent that is `started`, told by `steps`; the host fails as often as `failures` says. */
const inputOf = (outbox: Outbox, ...failures: Error[]) => lingering(20, outbox, ...failures);

/** @param lingerMs how long it may stay after its turn */
const lingering = (lingerMs: number, outbox: Outbox, ...failures: Error[]) => {
  const row = { parser: parserWith(outbox) };
  const given: string[] = [];
  const failed: unknown[] = [];
  const step = async (what: string): Promise<void> => {
    await pause(1);
    const failure = failures.shift();
    if (failure) throw failure;
    given.push(what);
  };
  const runs = {
    send: (_: unknown, at: number, data: Buffer) =>
      data.length === 0 ? Promise.resolve() : step(`${at} ${data.toString()}`),
    closeInput: () => step('closed'),
    cancel: () => step('ended').then(() => ({ kind: 'gone' }) as const),
  };
  const input = new TurnInput(row, runs, run, (error) => failed.push(error), lingerMs);
  const until = async (count: number): Promise<string[]> => {
    while (given.length < count) await pause(1);
    return given;
  };
  const fails = (failure: Error): void => {
    failures.push(failure);
  };
  return { row, input, given, failed, until, fails };
};

describe('The input of an interactive agent', () => {
  it('is what was committed, at its place in bytes, and what has come to it since', async () => {
    const { row, input, until } = inputOf({ sent: 5, unsent: 'Á1\n', closed: false });
    input.committed(row.parser);
    row.parser = parserWith({ sent: 5, unsent: 'Á1\n2\n', closed: false });
    expect(await until(1)).toEqual(['5 Á1\n']);
    expect(row.parser.outbox).toEqual({ sent: 9, unsent: '2\n', closed: false });
    input.committed(row.parser);
    row.parser = parserWith({ sent: 9, unsent: '2\n3\n', closed: true });
    input.committed(row.parser);
    expect(await until(3)).toEqual(['5 Á1\n', '9 2\n', '11 3\n']);
    expect(await until(4)).toContain('closed');
    expect(row.parser.outbox).toEqual({ sent: 13, unsent: '', closed: true });
  });

  it('is not given twice when what is committed does not know of it yet', async () => {
    const { input, until, row } = inputOf({ sent: 0, unsent: 'a', closed: false });
    input.committed(row.parser);
    await until(1);
    input.committed(parserWith({ sent: 0, unsent: 'ab', closed: true }));
    expect(await until(3)).toEqual(['0 a', '1 b', 'closed']);
  });

  it('waits for a lost link', async () => {
    const { input, until, row, failed } = inputOf(
      { sent: 0, unsent: 'a', closed: true },
      lost,
      lost,
    );
    input.committed(row.parser);
    expect(await until(2)).toEqual(['0 a', 'closed']);
    expect(failed).toEqual([]);
  });

  it('fails with what time does not heal', async () => {
    const full = new HostFailure('host/disk-full', 'full');
    const { input, failed, row, given } = inputOf({ sent: 0, unsent: 'a', closed: true }, full);
    input.committed(row.parser);
    while (failed.length === 0) await pause(1);
    expect(given).toEqual([]);
    expect(failed).toEqual([expect.any(InputRefused)]);
    expect(failed[0]).toMatchObject({ refusal: full });
  });

  it('was all given when the agent cannot be ended that stays after its turn', async () => {
    const denied = new SshFailure('ssh/auth-failed', { name: 'devbox', host: 'devbox' });
    const { input, failed, row, fails, until } = inputOf({ sent: 0, unsent: '', closed: true });
    input.committed({ ...row.parser, isOver: true });
    await until(1);
    fails(denied);
    while (failed.length === 0) await pause(1);
    expect(failed).toEqual([denied]);
  });

  it('is the last thing that an agent gets which stays after its turn, also over a lost link', async () => {
    const { input, until, row, failed } = inputOf({ sent: 0, unsent: 'a', closed: true });
    input.committed({ ...row.parser, isOver: true });
    expect(await until(3)).toEqual(['0 a', 'closed', 'ended']);
    const late = inputOf({ sent: 0, unsent: '', closed: true });
    late.input.committed({ ...late.row.parser, isOver: true });
    await late.until(1);
    late.fails(lost);
    expect(await late.until(2)).toEqual(['closed', 'ended']);
    expect([failed, late.failed]).toEqual([[], []]);
  });

  it('is the last thing that an agent hears which goes by itself', async () => {
    const { input, until, row, failed, given } = lingering(5_000, {
      ...{ sent: 0, unsent: '', closed: true },
    });
    input.committed({ ...row.parser, isOver: true });
    await until(1);
    input.stop();
    await pause(20);
    expect([failed, given]).toEqual([[], ['closed']]);
  });

  it('is given to nobody once the turn is left', async () => {
    const { input, row, failed, given } = inputOf({ sent: 0, unsent: 'a', closed: true }, lost);
    input.committed(row.parser);
    input.stop();
    await pause(400);
    expect([failed, given]).toEqual([[], []]);
  });
});
