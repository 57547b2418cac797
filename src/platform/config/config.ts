import { z } from 'zod';
import { ConfigInvalid, type Fault } from './config.errors.js';
import { readSettings } from './environment.js';
import * as accept from './values.js';

/** The server's settings, as they hold for the life of the process. */
export interface Config {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly role: 'all' | 'api' | 'worker';
  /** Absolute. */
  readonly dataDir: string;
  /** Null: the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** Null: the queue lives in PostgreSQL. */
  readonly redisUrl: string | null;
  /** Null: made at the first start, kept in the data directory. */
  readonly adminToken: string | null;
  /** Null: made at the first start, kept in the data directory. */
  readonly secretKey: string | null;
  readonly logLevel: 'error' | 'warn' | 'log' | 'debug';
  /** How long SIGTERM may drain. */
  readonly shutdownMs: number;
  /** Null: metrics are on the main port, behind a token. */
  readonly metricsPort: number | null;
  readonly corsOrigins: readonly string[];
  /** A turn that says nothing for this long is ended. */
  readonly turnSilenceMs: number;
  /** A tool of an agent that runs for longer no longer counts as a sign of life. */
  readonly turnToolMs: number;
  /** A turn that runs for this long is ended, whatever it says. */
  readonly turnAbsoluteMs: number;
  /** A turn whose provider was overloaded or out of reach is tried again after this, then after twice as long, ... */
  readonly turnRetryMs: number;
  /** A worker that is not heard of for this long has lost its turns to the others. */
  readonly leaseMs: number;
  /** How often work that lost its job is looked for. */
  readonly sweepMs: number;
  /** Start although the data directory was last used with another database or queue. */
  readonly allowStoreChange: boolean;
  /** How often a silent SSH connection is asked whether it lives; in ssh-config mode, ServerAliveInterval counts. */
  readonly sshKeepaliveMs: number;
  /** The ssh-agent of the server's user; null when it has none. */
  readonly sshAgentSocket: string | null;
  /** What agents on this machine may inherit from the server's environment; nothing else of it reaches them. */
  readonly localEnvironment: Readonly<Record<string, string>>;
  /** Names of MAESTRO_* variables that mean nothing: probably misspelt. */
  readonly unknown: readonly string[];
}

/** What the command line says; it wins over the environment. Strings are parsed like variables. */
export type ConfigOverrides = {
  readonly [Key in Exclude<keyof Config, 'unknown' | 'localEnvironment'>]?:
    Config[Key] | string | undefined;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const schema = z.object({
  host: z.string().default('127.0.0.1'),
  port: accept.port.default(8787),
  role: accept.oneOf('all', 'api', 'worker').default('all'),
  dataDir: accept.directory,
  databaseUrl: accept.url('postgresql:', 'postgres:').default(null),
  redisUrl: accept.url('redis:', 'rediss:').default(null),
  adminToken: accept.token.default(null),
  secretKey: accept.key.default(null),
  logLevel: accept.oneOf('error', 'warn', 'log', 'debug').default('log'),
  shutdownMs: accept.milliseconds(0, HOUR_MS).default(30_000),
  metricsPort: accept.port.nullable().default(null),
  corsOrigins: accept.origins.default([]),
  turnSilenceMs: accept.milliseconds(1_000, 7 * 24 * HOUR_MS).default(30 * MINUTE_MS),
  turnToolMs: accept.milliseconds(1_000, 30 * 24 * HOUR_MS).default(60 * MINUTE_MS),
  turnAbsoluteMs: accept.milliseconds(1_000, 30 * 24 * HOUR_MS).default(12 * HOUR_MS),
  turnRetryMs: accept.milliseconds(100, HOUR_MS).default(30_000),
  leaseMs: accept.milliseconds(1_000, HOUR_MS).default(15_000),
  sweepMs: accept.milliseconds(100, HOUR_MS).default(2_000),
  allowStoreChange: accept.flag.default(false),
  sshKeepaliveMs: accept.milliseconds(1_000, HOUR_MS).default(15_000),
  sshAgentSocket: z.string().nullable().default(null),
});

/**
 * Reads the settings from the environment, and from the files that `MAESTRO_SECRET_KEY_FILE` and its like name.
 * Fails with one `ConfigInvalid` that lists all that is wrong, and holds no value of a secret.
 */
export const parseConfig = (
  env: Readonly<Record<string, string | undefined>>,
  overrides: ConfigOverrides = {},
): Config => {
  const { values, sources, unknown, faults } = readSettings(env, overrides);
  const parsed = schema.safeParse({
    ...values,
    dataDir: values.dataDir ?? accept.defaultDataDir(env),
  });
  const invalid = (parsed.error?.issues ?? []).map(({ path, message }): Fault => {
    const key = String(path[0]);
    return { setting: sources[key] ?? key, problem: message };
  });
  const wrong = [...faults, ...invalid, ...contradictions(values)];
  if (!parsed.success || wrong.length > 0) throw new ConfigInvalid(wrong);
  return { ...parsed.data, unknown, localEnvironment: inheritable(env) };
};

const INHERITABLE = ['SHELL', 'PATH', 'LANG', 'TMPDIR', 'TZ'];

const inheritable = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    INHERITABLE.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

const contradictions = ({ role, databaseUrl }: Readonly<Record<string, unknown>>): Fault[] => {
  if ((role !== 'api' && role !== 'worker') || databaseUrl !== undefined) return [];
  return [
    {
      setting: 'DATABASE_URL',
      problem: `is needed for the role ${role}: the embedded database serves one process, in the role all`,
    },
  ];
};
