import { Controller, Delete, Get } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import {
  type Principal,
  Public,
  Requires,
  TokenVerifier,
} from '../../../../src/platform/access/index.js';
import { type HttpApp, startHttp, TOKEN } from '../http/http-app.js';

@Controller('doors')
class DoorsController {
  @Get('open')
  @Public()
  open(): string {
    return 'in';
  }

  @Get()
  read(): string {
    return 'in';
  }

  @Delete()
  write(): void {
    return;
  }

  @Get('keys')
  @Requires('admin')
  keys(): string {
    return 'in';
  }
}

const start = (): Promise<HttpApp> => startHttp({ controllers: [DoorsController] });
const statusOf = async (http: HttpApp, authorization: string): Promise<number> =>
  (await http.call('/api/v1/doors', { headers: { Authorization: authorization } })).status;

const startAs = async (role: Principal['role']): Promise<HttpApp> => {
  const http = await start();
  http.app.get(TokenVerifier).verify = async () => ({ name: 'someone', role });
  return http;
};

describe('access', () => {
  it('lets the holder of the token in', async () => {
    await using http = await start();
    expect(await statusOf(http, `Bearer ${TOKEN}`)).toBe(200);
    expect(await statusOf(http, `bearer ${TOKEN}`)).toBe(200);
  });

  it.each(['', 'Bearer', `Basic ${TOKEN}`, TOKEN, `Bearer ${TOKEN}x`, `Bearer ${TOKEN} x`])(
    'keeps %j out and asks for a token',
    async (authorization) => {
      await using http = await start();
      const answer = await http.call('/api/v1/doors', {
        headers: { Authorization: authorization },
      });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await answer.json()).toMatchObject({ code: 'access/unauthenticated' });
    },
  );

  it('asks for no token where a route is public, nor for the description of the API', async () => {
    await using http = await start();
    for (const path of ['/api/v1/doors/open', '/api/openapi.json', '/api/docs']) {
      expect((await fetch(http.url + path)).status).toBe(200);
    }
  });

  it('lets a viewer read, an operator write, and neither do what is the admin’s', async () => {
    const statuses = async (role: Principal['role']): Promise<number[]> => {
      await using http = await startAs(role);
      return await Promise.all([
        http.call('/api/v1/doors').then(({ status }) => status),
        http.call('/api/v1/doors', { method: 'DELETE' }).then(({ status }) => status),
        http.call('/api/v1/doors/keys').then(({ status }) => status),
      ]);
    };
    expect(await statuses('viewer')).toEqual([200, 403, 403]);
    expect(await statuses('operator')).toEqual([200, 200, 403]);
    expect(await statuses('admin')).toEqual([200, 200, 200]);
  });
});
