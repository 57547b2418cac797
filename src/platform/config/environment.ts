import { readFileSync } from 'node:fs';
import { type Fault } from './config.errors.js';

const VARIABLES: Readonly<Record<string, string>> = {
  host: 'MAESTRO_HOST',
  port: 'MAESTRO_PORT',
  role: 'MAESTRO_ROLE',
  dataDir: 'MAESTRO_DATA_DIR',
  databaseUrl: 'DATABASE_URL',
  redisUrl: 'REDIS_URL',
  adminToken: 'MAESTRO_ADMIN_TOKEN',
  secretKey: 'MAESTRO_SECRET_KEY',
  logLevel: 'MAESTRO_LOG_LEVEL',
  shutdownMs: 'MAESTRO_SHUTDOWN_MS',
  metricsPort: 'MAESTRO_METRICS_PORT',
  corsOrigins: 'MAESTRO_CORS_ORIGINS',
  turnSilenceMs: 'MAESTRO_TURN_SILENCE_MS',
  turnToolMs: 'MAESTRO_TURN_TOOL_MS',
  turnAbsoluteMs: 'MAESTRO_TURN_ABSOLUTE_MS',
  turnRetryMs: 'MAESTRO_TURN_RETRY_MS',
  leaseMs: 'MAESTRO_LEASE_MS',
  sweepMs: 'MAESTRO_SWEEP_MS',
  allowStoreChange: 'MAESTRO_ALLOW_STORE_CHANGE',
  sshKeepaliveMs: 'MAESTRO_SSH_KEEPALIVE_MS',
  sshAgentSocket: 'SSH_AUTH_SOCK',
};

/** Their variables have a twin `NAME_FILE`, so that the value itself can stay out of the environment. */
const SECRETS = new Set(['databaseUrl', 'redisUrl', 'adminToken', 'secretKey']);

/** Read by the command line client and the demo, which share an environment with the server. */
const FOREIGN = /^MAESTRO_(URL|TOKEN|TOKEN_FILE|DEMO_.*)$/;

type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  /** As given, by the name in `Config`; what was not given is not there. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each value came from: a variable or a flag. */
  readonly sources: Readonly<Record<string, string>>;
  readonly unknown: readonly string[];
  readonly faults: readonly Fault[];
}

/** Gathers the settings without judging them. An empty variable counts as not set. */
export const readSettings = (
  env: Environment,
  overrides: Readonly<Record<string, unknown>>,
): Settings => {
  const values: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  const faults: Fault[] = [];
  for (const [key, variable] of Object.entries(VARIABLES)) {
    sources[key] = variable;
    if (overrides[key] !== undefined) {
      values[key] = overrides[key];
      sources[key] = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      continue;
    }
    if (env[variable]) values[key] = env[variable];
    const file = SECRETS.has(key) ? env[`${variable}_FILE`] : undefined;
    if (!file) continue;
    sources[key] = `${variable}_FILE`;
    if (env[variable])
      faults.push({
        setting: `${variable}_FILE`,
        problem: `and ${variable} are both set; set one`,
      });
    else readSecret(file, key, values, faults);
  }
  return { values, sources, unknown: unknownIn(env), faults };
};

const readSecret = (
  file: string,
  key: string,
  values: Record<string, unknown>,
  faults: Fault[],
): void => {
  const setting = `${VARIABLES[key] ?? key}_FILE`;
  try {
    // Editors and `echo` end a file with a newline that is no part of the secret.
    const secret = readFileSync(file, 'utf8').trim();
    if (secret === '') faults.push({ setting, problem: `names an empty file: ${file}` });
    else values[key] = secret;
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    faults.push({ setting, problem: `names a file that can't be read (${code}): ${file}` });
  }
};

const unknownIn = (env: Environment): string[] => {
  const known = new Set(Object.values(VARIABLES));
  for (const key of SECRETS) known.add(`${VARIABLES[key] ?? key}_FILE`);
  return Object.keys(env).filter(
    (name) => name.startsWith('MAESTRO_') && !known.has(name) && !FOREIGN.test(name),
  );
};
