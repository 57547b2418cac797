/**
 * A host is a place where work happens: this machine, or a machine behind SSH. Both offer exactly this
 * contract, and no feature asks which of the two it got. `test/hosts/host.conformance.ts` is the contract
 * as a test: it runs unchanged against every kind of host.
 *
 * Rules that hold for every operation:
 *
 * - **A prompt is data.** Arguments, environment values, file contents and standard input reach the target
 *   on the standard input of a constant loader (`runs/loader.ts`), never in an argument list of `ssh` or of
 *   a shell, never through a shell that would interpret them. (The argv of the *started program* is of
 *   course visible on its host: so secrets and prompts go by `env` and `stdin`.)
 * - **Everything ends.** Each call has a deadline; a call that outlives it fails with `ssh/timeout` (the
 *   link) or `host/timeout` (the command) and leaves nothing running. An `AbortSignal` ends it sooner.
 * - **Paths** may be absolute or start with `~/` (or be `~`), which the *target* expands. Names may hold any
 *   byte but NUL and are never interpreted.
 * - **Errors** are `DomainError`s: `ssh/*` for the way to the host (`hosts/ssh/errors.ts`), `host/*` for the host
 *   itself (`host-errors.ts`). `isTransient(error)` tells whether the same call may succeed later by itself.
 */
export interface Host {
  /** `local`, or the id of the remote. */
  readonly id: string;
  readonly kind: 'local' | 'ssh';
  /** What a person calls it: `local`, or the remote's name. */
  readonly name: string;

  /** Runs a program to its end, with an argument array, in the login environment of the host. */
  run(command: Command, options?: CallOptions): Promise<CommandResult>;

  readonly runs: DurableRuns;
  readonly files: HostFiles;

  /** What the host is and where its programs are: asked once per host, kept, asked again with `refresh`. */
  environment(options?: CallOptions & { refresh?: boolean }): Promise<HostEnvironment>;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** Deadline in milliseconds; 15 000 for control calls, 60 000 for `run` and file contents unless given. */
  timeoutMs?: number;
}

export interface Command {
  /** Program and arguments; the program is looked up in the login PATH of the host. */
  argv: readonly [string, ...string[]];
  /** Added to the login environment. */
  env?: Readonly<Record<string, string>>;
  /** Working directory; the home directory when absent. Missing: `host/cwd-missing`. */
  cwd?: string;
  stdin?: Buffer | string;
  /** Bytes kept of each stream (default 8 MiB); more than that is an error `host/output-too-large`. */
  maxOutputBytes?: number;
}

/** A program that ran and failed is an answer, not an exception; one that is not there is `host/command-not-found`. */
export interface CommandResult {
  /** Exit code; 128 + n when signal n killed it. */
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
}

export interface HostEnvironment {
  /** What `hostname` says on the target. */
  hostname: string;
  /** `uname -sm`, for example `Linux x86_64`. */
  os: string;
  /** The login shell of the user, for example `/bin/bash`. */
  shell: string;
  home: string;
  user: string;
  /** The PATH in which every command and every agent is looked up. */
  path: string;
  /** The directories of `path`: as the login shell gave them, and those added because they are usual and exist. */
  sources: { loginShell: string[]; added: string[] };
  /** Names of the variables that every command and agent gets, in order; their values may be secrets. */
  variables: string[];
  /** What kept the login shell from giving its whole environment, in words for a person. */
  warnings: string[];
  /** When the login shell was asked, RFC 3339: the answer is kept on the host for a day, while no rc file is newer. */
  takenAt: string;
}

/**
 * Durable runs: programs that outlive the link, this process and this server (ARCHITECTURE.md, "The life of a turn").
 * The program runs under a detached POSIX `sh` supervisor that spools both streams to files in a private
 * directory on the host. Its output is read from exact byte offsets as often as one likes.
 *
 * A follow (`start` or `follow`) yields chunks until the run is over and all bytes were delivered, then `ended`,
 * then returns. It **throws** a transient `DomainError` when the link is lost: nothing happened to the run; call
 * `follow` again with the offsets of the bytes already taken. Leaving the loop detaches; the run goes on.
 */
export interface DurableRuns {
  /**
   * Puts files into the directory of a run (`runDirectory`, mode 0700) with mode 0600, before it is started. Idempotent;
   * does nothing once it was started. They go with `remove` and `collectAbandoned`.
   */
  put(run: RunKey, files: readonly RunFile[], options?: CallOptions): Promise<void>;
  /**
   * Starts a run unless its id was started before, and follows it from `from` (default: the beginning).
   * Idempotent: any number of starts of one id, also from several servers at once, execute it once; a later
   * one only follows. A start that fails with a transient error may or may not have started it: ask again. One that
   * fails before `onSend` was called has not.
   */
  start(run: DurableRun, options?: StartOptions): AsyncIterable<RunEvent>;
  /** Follows a run that was started before. A run this host knows nothing of ends with verdict `never-started`. */
  follow(run: RunKey, options?: FollowOptions): AsyncIterable<RunEvent>;
  /**
   * Gives an interactive run more to read. `at` counts all bytes given before, those of `stdin` included. Idempotent: the
   * same bytes may be sent to their place as often as one likes, also by several servers at once, and the program reads
   * them once. A gap is an error; to a run that is over, or that this host does not know, it does nothing. After a
   * transient error some of the bytes may have arrived: send them again.
   */
  send(run: RunKey, at: number, data: Buffer, options?: CallOptions): Promise<void>;
  /** The program of an interactive run reads the end of its input after all that was sent before. Idempotent. */
  closeInput(run: RunKey, options?: CallOptions): Promise<void>;
  /** What is known of the run now, without its output. */
  status(run: RunKey, options?: CallOptions): Promise<RunVerdict | { kind: 'running' }>;
  /**
   * INT to the process group and all descendants, after `intMs` TERM, after `termMs` KILL; then looks again.
   * Resolves only when nothing of the run is left (`gone`), or with the pids that would not go (`stuck`).
   * A run that never started cannot start after this.
   */
  cancel(
    run: RunKey,
    options?: CallOptions & { intMs?: number; termMs?: number },
  ): Promise<CancelProof>;
  /**
   * Removes the spools and the files of a finished run, or of one that was not started. Call it after everything that was read is committed. With `fence` a mark stays
   * (until `collectAbandoned`), so that a start of this run which is still on its way does not run it again.
   */
  remove(run: RunKey, options?: CallOptions & { fence?: boolean }): Promise<void>;
  /**
   * Removes what was left behind: the spools of all runs, whoever started them, that are not alive and of which no file
   * changed for so many days (at least one). Those named in `keep` stay. Answers of how many runs it removed them.
   */
  collectAbandoned(
    olderThanDays: number,
    options?: CallOptions & { keep?: readonly string[] },
  ): Promise<number>;
}

export interface RunKey {
  /** `[A-Za-z0-9_-]{8,64}`, unique per execution, chosen by the caller and stored before `start`. */
  id: string;
  /** 16 hex digits, unique per run, stored beside the id: marks the end of the spools. */
  nonce: string;
}

export interface DurableRun extends RunKey {
  argv: readonly [string, ...string[]];
  env: Readonly<Record<string, string>>;
  /** Missing directory: verdict `exited` with code 125 and why `cwd`. */
  cwd: string;
  stdin: Buffer;
  /** `stdin` is only the beginning: it stays open for `send` until `closeInput`. */
  interactive?: boolean;
  /**
   * Absolute path of a file that the program may leave behind. What is in it when the program has ended, up to 64 KiB,
   * follows its stdout as a line of its own, line breaks as spaces; where there is no file, nothing does.
   */
  report?: string;
}

export interface RunFile {
  /** Of letters, digits, `.`, `_` and `-`. */
  name: string;
  content: Buffer;
}

export interface FollowOptions {
  from?: RunOffsets;
  signal?: AbortSignal;
}

export interface StartOptions extends FollowOptions {
  /** Called before the first byte leaves that may start the run. */
  onSend?: () => void;
}

/** Bytes of each stream already taken. */
export interface RunOffsets {
  stdout: number;
  stderr: number;
}

export type RunEvent =
  /** The host has taken the run: it executes (or did). `duplicate` when an earlier start had done it. */
  | { type: 'accepted'; duplicate: boolean }
  /** Bytes of one stream in order without gap or repeat; `offset` counts bytes *after* this chunk. */
  | { type: 'output'; stream: 'stdout' | 'stderr'; data: Buffer; offset: number }
  | { type: 'ended'; verdict: RunVerdict };

export type RunVerdict =
  /**
   * It ran and its exit was recorded. 128 + n when signal n ended it (`signal` then names it). `why` is set when
   * the supervisor, not the program, decided: `cwd` (125), `notfound` (127), `cancelled`.
   */
  | {
      kind: 'exited';
      exitCode: number;
      signal: string | null;
      why: 'cwd' | 'notfound' | 'cancelled' | null;
    }
  /** It ran and no exit was recorded: the host was rebooted, or the supervisor was killed. Never re-run by itself. */
  | { kind: 'lost'; cause: 'rebooted' | 'killed' | 'orphaned' }
  /** It did not run and never will under this id. */
  | { kind: 'never-started'; reason: string }
  /** The address now leads to another machine than the one that ran it. */
  | { kind: 'wrong-host'; hostname: string };

export type CancelProof = { kind: 'gone' } | { kind: 'stuck'; pids: number[] };

export interface HostFiles {
  /** `etag` is the SHA-256 of the content in hex. Missing: `host/file-not-found`. */
  read(
    path: string,
    options?: CallOptions & { maxBytes?: number },
  ): Promise<{ content: Buffer; etag: string }>;
  /**
   * Replaces a file in one step (written beside it, then renamed) and keeps its mode; parents are made when missing. With
   * `ifMatch`, fails with `host/file-changed` when the current content has another etag (`null`: must not exist).
   */
  write(
    path: string,
    content: Buffer | string,
    options?: CallOptions & { mode?: number; ifMatch?: string | null },
  ): Promise<{ etag: string }>;
  /** Entries of one directory, names exact, order by name; not recursive; without `.` and `..`. */
  list(path: string, options?: CallOptions): Promise<FileEntry[]>;
  stat(path: string, options?: CallOptions): Promise<FileStat | null>;
}

export interface FileStat {
  type: 'file' | 'directory' | 'symlink' | 'other';
  size: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** The absolute path with every symbolic link resolved. */
  realPath: string;
}

export interface FileEntry {
  name: string;
  /** What a link points to counts; a broken one is `symlink`. */
  type: 'file' | 'directory' | 'symlink' | 'other';
  size: number;
  mtime: number;
}
