import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client } from 'pg';
import { connectEmbedded } from '../e2e/leaks.js';
import { startTestServer, type TestServer } from '../support/server.js';

describe('A POST that is repeated while its first attempt is still at it', () => {
  let server: TestServer;
  let database: Client;
  let dir: string;
  let sessionId: string;
  beforeAll(async () => {
    server = await startTestServer({ databaseUrl: null, redisUrl: null });
    database = await connectEmbedded(server.dataDir);
    dir = await mkdtemp(join(tmpdir(), 'maestro-repeated-'));
    await writeFile(join(dir, 'plan.md'), '- [ ] nothing\n');
    const session = { name: 'host', agent: 'demo', cwd: dir, autoRunFolder: dir };
    ({ id: sessionId } = await server.api.ok<{ id: string }>('POST', '/sessions', session));
  }, 60_000);
  afterAll(async () => {
    await database.end();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const waiting = async (statements: number): Promise<void> => {
    for (let count = -1; count < statements;) {
      const { rows } = await database.query<{ count: string }>(
        `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
      );
      count = Number(rows[0]?.count);
      if (count < statements) await pause(20);
    }
  };

  it.each([
    ['sessions', '/sessions', () => ({ name: 'twin', agent: 'demo', cwd: dir })],
    ['remotes', '/remotes', () => ({ name: 'twin', host: 'localhost' })],
    ['group_chats', '/groupchats', () => ({ name: 'twin', moderator: { agent: 'demo' } })],
    ['runs', '/runs', () => ({ sessionId, documents: [{ path: 'plan.md' }], dryRun: true })],
    ['turns', () => `/sessions/${sessionId}/turns`, () => ({ prompt: 'hello' })],
  ])('makes one of the %s and answers it twice', async (table, path, body) => {
    const post = () =>
      server.api.call<{ id: string }>('POST', typeof path === 'string' ? path : path(), body(), {
        'Idempotency-Key': `twin-of-${table}`,
      });
    await database.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    const first = post();
    await waiting(1);
    // As if the first had been at it for longer than its claim lasts.
    const expire = await connectEmbedded(server.dataDir);
    await expire.query(`UPDATE idempotency_keys SET claimed_at = now() - interval '1 hour'`);
    await expire.end();
    const second = post();
    await waiting(2);
    await database.query('COMMIT');
    const answers = await Promise.all([first, second]);
    expect(answers.map(({ status }) => status < 300)).toEqual([true, true]);
    expect(answers[1].body.id).toBe(answers[0].body.id);
    const { rows } = await database.query(`SELECT id FROM ${table} WHERE id = $1`, [
      answers[0].body.id,
    ]);
    expect(rows).toHaveLength(1);
  });
});
