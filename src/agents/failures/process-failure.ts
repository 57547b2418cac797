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

/** Its process could not begin, as a shell or `env` said; null when it did. */
export const startFailure = (agent: KnownAgent, end: ProcessEnd): TurnFailure | null => {
  const { exitCode, stderrTail, hostName = 'the host' } = end;
  if (exitCode !== 126 && exitCode !== 127) return null;
  const interpreter = missingInterpreter(stderrTail);
  if (interpreter !== null) {
    return {
      code: 'agent/interpreter-missing',
      message: `${agent.label} is installed, but ${interpreter}, which it runs on, was not found on ${hostName}`,
      hint: `Install ${interpreter} on that host, or put its directory into the PATH of the login shell there.`,
      recoverable: false,
    };
  }
  if (exitCode === 126) return notExecutable(agent.label, hostName, stderrTail);
  const [, named = agent.program] = /^([^/\n]+): command not found$/m.exec(stderrTail) ?? [];
  const program = named.includes(': ') ? agent.program : named;
  const path = OWN_WORDS.exec(stderrTail)?.[1] ?? MISSING_PATH.exec(stderrTail)?.[1] ?? null;
  return notFound({ ...agent, program }, hostName, path);
};

/** The supervisor looks whether the program is there, and says so of a path that may hold anything. */
const OWN_WORDS = /^([~./].*): command not found$/m;

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

const notExecutable = (label: string, hostName: string, stderrTail: string): TurnFailure =>
  /permission denied/i.test(stderrTail)
    ? {
        code: 'agent/permission-denied',
        message: `The program of ${label} may not be executed on ${hostName}: ${lastLine(stderrTail)}`,
        hint: 'Make the file executable for that user (chmod +x), or correct the command of the session.',
        recoverable: false,
      }
    : {
        code: 'agent/interpreter-missing',
        message: `The program of ${label} cannot be executed on ${hostName}: ${lastLine(stderrTail)}`,
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

const missingInterpreter = (stderr: string): string | null =>
  /\benv: [‘'"`]?([^\s‘’'"`:]+)[’'"`]?: (?:No such file or directory|not found)/.exec(
    stderr,
  )?.[1] ??
  /\benv: can't execute '([^']+)': No such file or directory/.exec(stderr)?.[1] ??
  /: (\S+): bad interpreter/.exec(stderr)?.[1] ??
  // The supervisor has seen that the program is there before a shell says this of it.
  (EXEC_OF_WHAT_IS_THERE.test(stderr) ? 'the interpreter that its first line names' : null);

const EXEC_OF_WHAT_IS_THERE =
  /\bexec: (?:line )?(?:\d+: )?\S.*?: (?:not found|cannot execute: required file not found)/;

const MISSING_PATH =
  /(?:^|[\s'"])(~?[^\s:'"]*\/[^:\n]*?)['"]?: (?:command )?(?:not found|No such file)/m;

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
