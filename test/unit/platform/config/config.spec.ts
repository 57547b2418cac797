import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Config,
  ConfigInvalid,
  type ConfigOverrides,
  parseConfig,
} from '../../../../src/platform/config/index.js';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maestro-config-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

const aFile = async (name: string, content: string): Promise<string> => {
  await writeFile(join(dir, name), content);
  return join(dir, name);
};

const refusal = (env: Record<string, string>, overrides: ConfigOverrides = {}): ConfigInvalid => {
  try {
    parseConfig(env, overrides);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
};

const settingsAtFault = (env: Record<string, string>): string[] =>
  (refusal(env).errors ?? []).map(({ pointer }) => pointer);

describe('the configuration', () => {
  it('is complete without a single variable', () => {
    const { dataDir, ...config } = parseConfig({ HOME: '/home/ada' });
    const expected: Omit<Config, 'dataDir'> = {
      host: '127.0.0.1',
      port: 8787,
      role: 'all',
      databaseUrl: null,
      redisUrl: null,
      adminToken: null,
      secretKey: null,
      logLevel: 'log',
      shutdownMs: 30_000,
      metricsPort: null,
      corsOrigins: [],
      turnSilenceMs: 1_800_000,
      turnToolMs: 3_600_000,
      turnAbsoluteMs: 43_200_000,
      turnRetryMs: 30_000,
      leaseMs: 15_000,
      sweepMs: 2_000,
      allowStoreChange: false,
      sshKeepaliveMs: 15_000,
      sshAgentSocket: null,
      localEnvironment: {},
      unknown: [],
    };
    expect(config).toEqual(expected);
    expect(dataDir).toBe(
      process.getuid?.() === 0 ? '/var/lib/maestro' : '/home/ada/.maestro-server',
    );
  });

  it('reads every variable', () => {
    const config = parseConfig({
      MAESTRO_HOST: '0.0.0.0',
      MAESTRO_PORT: '0',
      MAESTRO_ROLE: 'worker',
      MAESTRO_DATA_DIR: '~/here',
      DATABASE_URL: 'postgres://ada@db/maestro',
      REDIS_URL: 'rediss://cache:6380',
      MAESTRO_ADMIN_TOKEN: 'let-me-in',
      MAESTRO_SECRET_KEY: '0123456789abcdef',
      MAESTRO_LOG_LEVEL: 'debug',
      MAESTRO_SHUTDOWN_MS: '5000',
      MAESTRO_METRICS_PORT: '9464',
      MAESTRO_CORS_ORIGINS: 'https://a.example, http://b.example:8080',
      MAESTRO_TURN_SILENCE_MS: '60000',
      MAESTRO_TURN_ABSOLUTE_MS: '120000',
      MAESTRO_TURN_TOOL_MS: '90000',
      MAESTRO_TURN_RETRY_MS: '1000',
      MAESTRO_LEASE_MS: '6000',
      MAESTRO_SWEEP_MS: '500',
      MAESTRO_ALLOW_STORE_CHANGE: 'true',
      MAESTRO_SSH_KEEPALIVE_MS: '5000',
      SSH_AUTH_SOCK: '/run/agent',
    });
    expect(config).toEqual({
      host: '0.0.0.0',
      port: 0,
      role: 'worker',
      dataDir: join(homedir(), 'here'),
      databaseUrl: 'postgres://ada@db/maestro',
      redisUrl: 'rediss://cache:6380',
      adminToken: 'let-me-in',
      secretKey: '0123456789abcdef',
      logLevel: 'debug',
      shutdownMs: 5_000,
      metricsPort: 9_464,
      corsOrigins: ['https://a.example', 'http://b.example:8080'],
      turnSilenceMs: 60_000,
      turnAbsoluteMs: 120_000,
      turnToolMs: 90_000,
      turnRetryMs: 1_000,
      leaseMs: 6_000,
      sweepMs: 500,
      allowStoreChange: true,
      sshKeepaliveMs: 5_000,
      sshAgentSocket: '/run/agent',
      localEnvironment: {},
      unknown: [],
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(
      parseConfig({ MAESTRO_PORT: '', DATABASE_URL: '', MAESTRO_ADMIN_TOKEN_FILE: '' }),
    ).toMatchObject({
      port: 8787,
      databaseUrl: null,
      adminToken: null,
    });
  });

  it('lets the command line win, as text or as values', () => {
    const env = { MAESTRO_PORT: 'of call', MAESTRO_DATA_DIR: '/elsewhere' };
    expect(parseConfig(env, { port: '9000', dataDir: 'data' })).toMatchObject({
      port: 9_000,
      dataDir: resolve('data'),
    });
    expect(parseConfig(env, { port: 0, host: undefined })).toMatchObject({
      port: 0,
      host: '127.0.0.1',
    });
  });

  it('names the flag when the fault is on the command line', () => {
    expect(refusal({}, { dataDir: '/d', turnSilenceMs: 'long' }).message).toContain(
      '--turn-silence-ms must be',
    );
  });

  it('lists all faults at once', () => {
    const env = {
      MAESTRO_PORT: '70000',
      MAESTRO_ROLE: 'king',
      MAESTRO_LEASE_MS: '1.5',
      REDIS_URL: 'cache:6379',
      MAESTRO_CORS_ORIGINS: 'a.example',
    };
    expect(settingsAtFault(env).sort()).toEqual([
      'MAESTRO_CORS_ORIGINS',
      'MAESTRO_LEASE_MS',
      'MAESTRO_PORT',
      'MAESTRO_ROLE',
      'REDIS_URL',
    ]);
    const { code, message } = refusal(env);
    expect(code).toBe('server/config-invalid');
    expect(message).toContain('\n  MAESTRO_PORT must be a port number from 0 to 65535\n');
    expect(message).toContain('\n  MAESTRO_ROLE must be one of all, api, worker\n');
  });

  it('never repeats the value of a secret', async () => {
    const error = refusal({
      DATABASE_URL: 'mysql://ada:s3cret@db/x',
      REDIS_URL_FILE: await aFile('redis', 'http://:s3cret@cache'),
      MAESTRO_ADMIN_TOKEN: 's3cret with spaces',
      MAESTRO_SECRET_KEY: 's3cret',
    });
    expect(error.errors).toHaveLength(4);
    expect(JSON.stringify([error.message, error.errors])).not.toContain('s3cret');
  });

  it('reads a secret from the file that is named for it', async () => {
    expect(
      parseConfig({
        MAESTRO_ADMIN_TOKEN_FILE: await aFile('token', 'from-a-file\n'),
        DATABASE_URL_FILE: await aFile('database', 'postgresql://db/maestro\n'),
        MAESTRO_ROLE: 'api',
      }),
    ).toMatchObject({
      adminToken: 'from-a-file',
      databaseUrl: 'postgresql://db/maestro',
      localEnvironment: {},
      unknown: [],
    });
  });

  it('says which secret file is missing, empty, or one too many', async () => {
    const { message } = refusal({
      MAESTRO_ADMIN_TOKEN_FILE: join(dir, 'nowhere'),
      MAESTRO_SECRET_KEY_FILE: await aFile('empty', '\n'),
      REDIS_URL: 'redis://cache',
      REDIS_URL_FILE: await aFile('second', 'redis://other'),
    });
    expect(message).toContain(
      `MAESTRO_ADMIN_TOKEN_FILE names a file that can't be read (ENOENT): ${join(dir, 'nowhere')}`,
    );
    expect(message).toContain('MAESTRO_SECRET_KEY_FILE names an empty file');
    expect(message).toContain('REDIS_URL_FILE and REDIS_URL are both set');
  });

  it('refuses a role of its own without a database that others can reach', () => {
    expect(settingsAtFault({ MAESTRO_ROLE: 'worker' })).toEqual(['DATABASE_URL']);
    expect(parseConfig({ REDIS_URL: 'redis://cache' })).toMatchObject({
      role: 'all',
      databaseUrl: null,
    });
  });

  it('points out misspelt variables, but not those of the client and the demo', () => {
    const env = {
      MAESTRO_PROT: '1',
      MAESTRO_PORT_FILE: '/x',
      MAESTRO_URL: 'http://x',
      MAESTRO_TOKEN: 't',
      MAESTRO_DEMO_SCRIPT: 's',
      PATH: '/bin',
    };
    expect(parseConfig(env).unknown).toEqual(['MAESTRO_PROT', 'MAESTRO_PORT_FILE']);
  });
});
