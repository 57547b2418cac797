import { constants } from 'node:os';
import { type ProcessEnd, type TurnFailure } from '../adapter.js';

/** The signal that ended a process, also when a shell in between turned it into `128 + n`. */
export const endingSignal = ({ signal, exitCode }: ProcessEnd): string | null => {
  if (signal !== null) return signal;
  const entry = Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number);
  return entry?.[0] ?? null;
};

/** What any CLI's process can end in without having said anything itself; null when it exited with 0. */
export const processFailure = (agent: KnownAgent, end: ProcessEnd): TurnFailure | null =>
  startFailure(agent, end) ?? crash(agent, end);

interface KnownAgent {
  label: string;
  program: string;
}

/** Its process could not begin, as its host, the shell there or `env` said; null when it did. */
export const startFailure = (agent: KnownAgent, end: ProcessEnd): TurnFailure | null => {
  const { exitCode, stderrTail, hostName = 'the host', isMissing = false } = end;
  if (isMissing) {
    const program = MISSING.exec(stderrTail)?.[1] ?? agent.program;
    const path = program.includes('/') ? program : null;
    return notFound({ ...agent, program }, hostName, path);
  }
  // Any program may exit so, and say of others that they are not there.
  if (exitCode !== 126 && exitCode !== 127) return null;
  const complaint = NOT_EXECUTED.exec(stderrTail)?.[0].slice(0, LINE_LENGTH) ?? null;
  const interpreter = missingInterpreter(lastLine(stderrTail), complaint);
  if (interpreter !== null) {
    return {
      code: 'agent/interpreter-missing',
      message: `${agent.label} is installed, but ${interpreter}, which it runs on, was not found on ${hostName}`,
      hint: `Install ${interpreter} on that host, or put its directory into the PATH of the login shell there.`,
      recoverable: false,
    };
  }
  return complaint === null ? null : notExecutable(agent.label, hostName, complaint);
};

/** How the supervisor ends what it has to say. */
const MISSING = /([^\n]*): command not found\n*$/;

/** The beginning of a line in which the shell of the supervisor complains, and no script that was started. */
const SHELL = String.raw`(?:E: )?(?:(?:.*/)?sh(?:\[\d+\])?|.*/\.maestro/runs/.*?): ?(?:(?:line )?\d+: )?`;
const NOT_EXECUTED = new RegExp(
  `^(?:(?:${SHELL})?exec: .*|${SHELL}.*(?:can(?:not|'t) execute|bad interpreter).*)$`,
  'm',
);

/** @param path where it was expected; null when it was looked up in PATH */
export const notFound = (
  { label, program }: KnownAgent,
  hostName: string,
  path: string | null,
): TurnFailure =>
  path === null
    ? {
        code: 'agent/command-not-found',
        message: `${program} was not found in the login PATH of ${hostName}`,
        hint: `Install the AI agent on the remote host (${label}), or give the full path of its program as the command.`,
        recoverable: false,
      }
    : {
        code: 'agent/binary-not-found',
        message: `${label} is not at ${path} on ${hostName}`,
        hint: "Ensure the agent is in the remote's PATH and name no command, or correct the path.",
        recoverable: false,
      };

const notExecutable = (label: string, hostName: string, complaint: string): TurnFailure =>
  /permission denied|not permitted|is a directory/i.test(complaint)
    ? {
        code: 'agent/permission-denied',
        message: `The program of ${label} may not be executed on ${hostName}: ${complaint}`,
        hint: 'Make the file executable for that user (chmod +x), or correct the command of the session.',
        recoverable: false,
      }
    : {
        code: 'agent/interpreter-missing',
        message: `The program of ${label} cannot be executed on ${hostName}: ${complaint}`,
        hint: 'Install a build of it that fits the system and the processor of that host.',
        recoverable: false,
      };

const crash = ({ label }: { label: string }, end: ProcessEnd): TurnFailure | null => {
  const signal = endingSignal(end);
  if (signal !== null) {
    return {
      code: 'agent/crashed',
      message: `${label} was ended by ${signal} before it had finished`,
      hint:
        signal === 'SIGKILL'
          ? 'Often the host ran out of memory: look at its kernel log. Then send the prompt again.'
          : 'Somebody or something on the host ended it. Send the prompt again to go on.',
      recoverable: true,
    };
  }
  if (end.exitCode === 0) return null;
  const said = lastLine(end.stderrTail);
  return {
    code: 'agent/crashed',
    message: `${label} exited with code ${end.exitCode}${said === '' ? ' and said nothing' : `: ${said}`}`,
    hint: "Run the same program by hand on that host. The session's arguments and environment are the usual cause.",
    recoverable: true,
  };
};

/** @param last what `env` says, when the first line of the program names it, is the last that is said */
const missingInterpreter = (last: string, complaint: string | null): string | null => {
  const [, named, quoted] = OF_ENV.exec(last) ?? [];
  const found = named ?? quoted ?? /: (\S+): bad interpreter/.exec(complaint ?? '')?.[1];
  if (found !== undefined) return found;
  return /: (?:not found|cannot execute: required file not found)$/.test(complaint ?? '')
    ? 'the interpreter that its first line names'
    : null;
};

const OF_ENV =
  /^(?:.*\/)?env: (?:[‘'"`]?([^\s‘’'"`:]+)[’'"`]?: (?:No such file or directory|not found)|can't execute '([^']+)': No such file or directory)/;

const LINE_LENGTH = 300;

const lastLine = (text: string): string =>
  text.trim().split('\n').at(-1)?.slice(0, LINE_LENGTH) ?? '';
