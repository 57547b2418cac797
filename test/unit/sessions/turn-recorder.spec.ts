import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TurnRecorder } from '../../../src/modules/sessions/drive/turn-recorder.js';
import {
  type StoredParserState,
  type TurnRow,
} from '../../../src/modules/sessions/storage/turn.entity.js';
import { type TurnsRepository } from '../../../src/modules/sessions/storage/turns.repository.js';
import { type TurnEvents } from '../../../src/modules/sessions/turn-events.js';
import { type Database } from '../../../src/platform/database/index.js';

const COMPLAINT = 'fatal: ünïcödé 🙂 失敗';
const BYTES = Buffer.from(COMPLAINT);

describe('What an agent complains of', () => {
  beforeEach(() => {
    // Nothing is written here: the timer of the recorder never runs out.
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const recorderOf = (stderrTail = '', stderrOffset = 0) => {
    const row = { stderrTail, stderrOffset } as TurnRow;
    const recorder = new TurnRecorder(
      ...([row, {} as Database, {} as TurnsRepository, {} as TurnEvents] as const),
      () => undefined,
    );
    return { row, recorder };
  };

  it('is kept as it was said, however its bytes arrive', () => {
    for (let size = 1; size <= BYTES.length; size += 1) {
      const { row, recorder } = recorderOf();
      for (let at = 0; at < BYTES.length; at += size) {
        const chunk = BYTES.subarray(at, at + size);
        recorder.complained(chunk, at + chunk.length);
      }
      expect(row).toMatchObject({ stderrTail: COMPLAINT, stderrOffset: BYTES.length });
    }
  });

  it('is gone on with from its offset, wherever the first reader stopped', () => {
    for (let stop = 0; stop <= BYTES.length; stop += 1) {
      const first = recorderOf();
      first.recorder.complained(BYTES.subarray(0, stop), stop);
      const { stderrTail, stderrOffset } = first.row;
      const second = recorderOf(stderrTail, stderrOffset);
      second.recorder.complained(BYTES.subarray(stderrOffset), BYTES.length);
      expect(second.row.stderrTail).toBe(COMPLAINT);
    }
  });

  it('is kept with what is no text in it', () => {
    const { row, recorder } = recorderOf();
    recorder.complained(Buffer.from([0x61, 0x80, 0x80, 0x80, 0x80, 0x62, 0xc3]), 7);
    recorder.complained(Buffer.from('z'), 8);
    expect(row).toMatchObject({ stderrTail: `a${'\uFFFD'.repeat(4)}b\uFFFDz`, stderrOffset: 8 });
  });
});

describe('What an agent says', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is told 50 ms after what was told before, however long that took to write', async () => {
    jest.useFakeTimers();
    const writes: { began: number; ended: number }[] = [];
    const database = {
      transaction: async () => {
        const began = Date.now();
        await new Promise((resolve) => setTimeout(resolve, 70));
        writes.push({ began, ended: Date.now() });
      },
    } as unknown as Database;
    const row = { stderrTail: '', parser: null } as unknown as TurnRow;
    const recorder = new TurnRecorder(
      ...([row, database, {} as TurnsRepository, {} as TurnEvents] as const),
      () => undefined,
    );
    for (let at = 0; at < 500; at += 1) {
      recorder.said({} as StoredParserState, [{ type: 'text', text: 'x' }], at, 1);
      await jest.advanceTimersByTimeAsync(2);
    }
    expect(writes.length).toBeGreaterThan(3);
    for (const [index, { began }] of writes.slice(1).entries()) {
      expect(began - (writes[index]?.ended ?? NaN)).toBeGreaterThanOrEqual(50);
    }
  });
});
