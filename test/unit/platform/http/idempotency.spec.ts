import { Body, Controller, Post } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { body, ResourceId, StartsWork } from '../../../../src/platform/http/index.js';
import { json, startHttp } from './http-app.js';

const job = body({ name: z.string() });
const jobSchema = z.object({ id: z.string(), name: z.string() });

const startJobs = async () => {
  const world = { made: 0, fails: false, gate: Promise.resolve() };

  @Controller('jobs')
  class JobsController {
    @Post()
    @StartsWork(jobSchema, ({ id }) => `/jobs/${id}`)
    async start(
      @Body({ schema: job }) { name }: z.infer<typeof job>,
      @ResourceId() id: string,
    ): Promise<z.infer<typeof jobSchema>> {
      await world.gate;
      world.made += 1;
      if (world.fails) throw new Error('no');
      return { id, name };
    }
  }
  const http = await startHttp({ controllers: [JobsController] });
  const post = (content: unknown, key?: string): Promise<Response> =>
    http.call(
      '/api/v1/jobs',
      json('POST', content, key === undefined ? {} : { 'Idempotency-Key': key }),
    );
  return { world, http, post, [Symbol.asyncDispose]: () => http.app.close() };
};

describe('Idempotency-Key', () => {
  it('answers a repetition as it answered first, without doing the work again', async () => {
    await using jobs = await startJobs();
    const first = await jobs.post({ name: 'a' }, 'k1');
    const again = await jobs.post({ name: 'a' }, 'k1');
    const made = (await first.json()) as { id: string };
    expect(first.status).toBe(202);
    expect(first.headers.get('location')).toBe(`/api/v1/jobs/${made.id}`);
    expect(again.status).toBe(202);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.json()).toEqual(made);
    expect(jobs.world.made).toBe(1);
  });

  it('lets a repetition wait while the first is under way', async () => {
    await using jobs = await startJobs();
    let open = (): void => undefined;
    jobs.world.gate = new Promise((resolve) => (open = resolve));
    const both = Promise.all([jobs.post({ name: 'a' }, 'k1'), jobs.post({ name: 'a' }, 'k1')]);
    open();
    const [first, second] = await both;
    expect(await second.json()).toEqual(await first.json());
    expect(jobs.world.made).toBe(1);
  });

  it('refuses the key for another body', async () => {
    await using jobs = await startJobs();
    await jobs.post({ name: 'a' }, 'k1');
    const other = await jobs.post({ name: 'b' }, 'k1');
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: 'http/idempotency-conflict' });
  });

  it('keeps no failure', async () => {
    await using jobs = await startJobs();
    expect((await jobs.post({ name: 7 }, 'k1')).status).toBe(422);
    jobs.world.fails = true;
    expect((await jobs.post({ name: 'a' }, 'k1')).status).toBe(500);
    jobs.world.fails = false;
    expect((await jobs.post({ name: 'a' }, 'k1')).status).toBe(202);
  });

  it('does the work each time without a key', async () => {
    await using jobs = await startJobs();
    await jobs.post({ name: 'a' });
    await jobs.post({ name: 'a' });
    expect(jobs.world.made).toBe(2);
  });

  it('refuses a key that is too long', async () => {
    await using jobs = await startJobs();
    const answer = await jobs.post({ name: 'a' }, 'k'.repeat(201));
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: 'Idempotency-Key' }] });
  });
});
