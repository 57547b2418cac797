import { type CommandResult, type Host } from '../../hosts/host.js';
import { DomainError, type Failure } from '../../platform/errors/domain-error.js';
import { type AgentAdapter, type AgentLogin, type AgentModel, type AgentName } from '../adapter.js';
import { AgentUnavailable, AgentUnsupported } from '../failures/agent-errors.js';
import { isSince } from './cli-version.js';
import { inParallel } from './in-parallel.js';
import { notFound, startFailure } from '../failures/process-failure.js';

export interface Detection {
  agent: AgentName;
  found: boolean;
  /** Where its program is on that host. */
  path: string | null;
  /** First line of what it says about its version; null when it was found but would not say. */
  version: string | null;
  /** Whether somebody is signed in there, in the login environment of the host; a session's own may hold another key. */
  login: AgentLogin['state'];
  account: AgentLogin['account'];
  /** Why it cannot be started there; null when it can. */
  error: Failure | null;
}

type AskableHost = Pick<Host, 'run' | 'name' | 'environment'>;
type Detectable = Pick<
  AgentAdapter,
  'agent' | 'label' | 'program' | 'versionArgs' | 'needsCommand' | 'login'
>;

/** Of each question: some of these CLIs unpack themselves when they are started first. */
const LIMIT_MS = 20_000;
/** A catalogue may come from the network. */
const MODELS_MS = 30_000;
/** Some of these CLIs take seconds and half a gigabyte only to start. */
const AT_ONCE = 3;

/**
 * Looks for the programs of agents in the login PATH of a host, and asks those that are there for their version and
 * login. "Not there" is an answer, and so is one of which nothing more is known when the signal ends it all; a host that cannot be asked throws its `ssh/*` or `host/*` error. Agents that may be
 * any program have none to look for, and are left out.
 */
export const detectAgents = async (
  host: AskableHost,
  adapters: readonly Detectable[],
  signal?: AbortSignal,
): Promise<Detection[]> => {
  const known = adapters.filter(({ needsCommand }) => needsCommand !== true);
  const paths = await pathsOf(
    host,
    known.map(({ program }) => program),
    signal,
  );
  return inParallel(known, AT_ONCE, (adapter, index) =>
    detectionAt(host, adapter, paths[index] ?? null, null, signal),
  );
};

/** The same of one agent, at `command` when the session names one. */
export const detectAgent = async (
  host: AskableHost,
  adapter: Detectable,
  command: string | null = null,
  signal?: AbortSignal,
): Promise<Detection> => {
  const [path = null] = await pathsOf(host, [command ?? adapter.program], signal);
  return detectionAt(host, adapter, path, command, signal);
};

/**
 * The models that a session with this agent can name on a host, as its CLI lists them there.
 *
 * @throws {AgentUnsupported} when it lists none
 * @throws {AgentUnavailable} when it is not there, or gives no list
 */
export const listModels = async (
  host: AskableHost,
  adapter: Pick<AgentAdapter, 'label' | 'program' | 'models'>,
  signal?: AbortSignal,
): Promise<AgentModel[]> => {
  const { label, program, models: question } = adapter;
  if (!question) {
    throw new AgentUnsupported(`${label} does not list its models`, {
      hint: 'Name one as its makers call it; the agent refuses what it does not know.',
    });
  }
  const [path = null] = await pathsOf(host, [program], signal);
  if (path === null) throw new AgentUnavailable(notFound(adapter, host.name, null));
  const { args, env = {} } = question;
  const result = await host.run(
    { argv: [path, ...args], env },
    { timeoutMs: MODELS_MS, ...(signal && { signal }) },
  );
  const failure = startFailure(adapter, endOf(result, host.name));
  if (failure) throw new AgentUnavailable(failure);
  const models = question.read(textOf(result));
  if (models) return models;
  throw new AgentUnavailable({
    code: 'agent/protocol',
    message: `${label} on ${host.name} gave no list of models that can be read`,
    hint: 'Another version of it may; a session can name a model all the same.',
  });
};

const detectionAt = async (
  host: AskableHost,
  adapter: Detectable,
  path: string | null,
  command: string | null,
  signal: AbortSignal | undefined,
): Promise<Detection> => {
  const { agent, versionArgs } = adapter;
  const nothing = { agent, version: null, login: 'unknown', account: null } as const;
  if (path === null) {
    const error = toFailure(notFound(adapter, host.name, command));
    return { ...nothing, found: false, path, error };
  }
  const found = { ...nothing, found: true, path };
  const answer = await answerOf(host, [path, ...versionArgs], {}, signal);
  if (answer === null) return { ...found, error: null };
  const failure = startFailure(adapter, endOf(answer, host.name));
  const version = answer.exitCode === 0 ? firstLine(answer.stdout) : null;
  if (failure) return { ...found, version, error: toFailure(failure) };
  const { state: login, account } = await loginAt(host, adapter, { path, version }, signal);
  return { ...found, version, login, account, error: null };
};

const UNKNOWN: AgentLogin = { state: 'unknown', account: null };

const loginAt = async (
  host: AskableHost,
  { login = {} }: Detectable,
  { path, version }: { path: string; version: string | null },
  signal: AbortSignal | undefined,
): Promise<AgentLogin> => {
  const { variables = [], question } = login;
  if (question && isSince(version, question.since)) {
    const answer = await answerOf(host, [path, ...question.args], question.env ?? {}, signal);
    const said = answer && question.read(textOf(answer));
    if (said && said.state !== 'unknown') return said;
  }
  // It is known since the program was looked for: nothing is waited for.
  const set = (await host.environment()).variables;
  return variables.some((name) => set.includes(name))
    ? { state: 'signed-in', account: null }
    : UNKNOWN;
};

/** Null of a program that does not end in time, or never stops to speak: it is there all the same. */
const answerOf = async (
  host: AskableHost,
  argv: [string, ...string[]],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<CommandResult | null> => {
  try {
    return await host.run({ argv, env }, { timeoutMs: LIMIT_MS, ...(signal && { signal }) });
  } catch (error) {
    const isItsFault = error instanceof DomainError && error.code.startsWith('host/');
    if (isItsFault || signal?.aborted === true) return null;
    throw error;
  }
};

const pathsOf = async (
  host: AskableHost,
  programs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<(string | null)[]> => {
  const argv = ['sh', '-c', FIND_PROGRAMS, 'sh', ...programs] as const;
  const { stdout } = await host.run({ argv }, { timeoutMs: LIMIT_MS, ...(signal && { signal }) });
  const paths = stdout.toString('utf8').split('\0');
  return programs.map((_, index) => paths[index] || null);
};

// A session may name its program by a path under its home directory, which `command -v` does not expand; and what that
// answers may be no file: a word of the shell, or one that cannot be executed.
const FIND_PROGRAMS = `
for p; do
  case $p in "~/"*) p=$HOME/\${p#??};; esac
  case $p in */*) ;; *) p=$(command -v -- "$p");; esac
  case $p in /*) [ -x "$p" ] && [ ! -d "$p" ] && printf %s "$p";; esac
  printf "\\0"
done`;

const textOf = ({ exitCode, stdout, stderr }: CommandResult) => ({
  exitCode,
  stdout: stdout.toString('utf8'),
  stderr: stderr.toString('utf8'),
});

const STDERR_CHARACTERS = 4_096;

const endOf = ({ exitCode, stderr }: CommandResult, hostName: string) => ({
  ...{ exitCode, signal: null, hostName },
  stderrTail: stderr.toString('utf8').slice(-STDERR_CHARACTERS),
});

const toFailure = ({ code, message, hint }: Failure): Failure => ({
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
});

const firstLine = (output: Buffer): string | null =>
  output.toString('utf8').split('\n', 1)[0]?.trim() || null;
