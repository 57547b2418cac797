import { constants } from 'node:os';
import { type ProcessEnd, type TurnFailure } from './adapter.js';

/** The signal that ended a process, also when a shell in between turned it into `128 + n`. */
export const endingSignal = ({ signal, exitCode }: ProcessEnd): string | null => {
  if (signal !== null) return signal;
  const entry = Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number);
  return entry?.[0] ?? null;
};

/** What any CLI's process can end in without having said anything itself; null when it exited with 0. */
export const processFailure = (
  agent: { label: string; program: string },
  end: ProcessEnd,
): TurnFailure | null => startFailure(agent, end) ?? crash(agent, end);

const startFailure = (
  { label, program }: { label: string; program: string },
  { exitCode, stderrTail }: ProcessEnd,
): TurnFailure | null => {
  if (exitCode !== 126 && exitCode !== 127) return null;
  const interpreter = missingInterpreter(stderrTail);
  if (interpreter !== null) {
    return {
      code: 'agent/interpreter-missing',
      message: `${label} is installed, but ${interpreter}, which it runs on, was not found on the host`,
      hint: `Install ${interpreter} on that host, or put its directory into the PATH of the login shell there.`,
      recoverable: false,
    };
  }
  if (exitCode === 126) return notExecutable(label, stderrTail);
  const path = MISSING_PATH.exec(stderrTail)?.[1];
  if (path !== undefined) {
    return {
      code: 'agent/binary-not-found',
      message: `${label} is not at ${path} on the host`,
      hint: "Correct the session's command, or remove it to look the program up in the login PATH.",
      recoverable: false,
    };
  }
  return {
    code: 'agent/command-not-found',
    message: `${program} was not found in the login PATH of the host`,
    hint: `Install ${label} there, or give the session the full path of the program as its command.`,
    recoverable: false,
  };
};

const notExecutable = (label: string, stderrTail: string): TurnFailure =>
  /permission denied/i.test(stderrTail)
    ? {
        code: 'agent/permission-denied',
        message: `The program of ${label} may not be executed on the host: ${lastLine(stderrTail)}`,
        hint: 'Make the file executable for that user (chmod +x), or correct the command of the session.',
        recoverable: false,
      }
    : {
        code: 'agent/interpreter-missing',
        message: `The program of ${label} cannot be executed on the host: ${lastLine(stderrTail)}`,
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
  /: (\S+): bad interpreter/.exec(stderr)?.[1] ??
  null;

const MISSING_PATH =
  /(?:^|[\s'"])(~?[^\s:'"]*\/[^:\n]*?)['"]?: (?:command )?(?:not found|No such file)/m;

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
