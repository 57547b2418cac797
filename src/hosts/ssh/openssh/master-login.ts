import { randomBytes } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { SshFailure } from '../errors.js';
import { type KeyRing } from '../private-keys.js';
import {
  type HostKeyRefusal,
  type HostKeyVerifier,
  hostKeyName,
  type SshTarget,
} from '../ssh-target.js';
import { DEFAULT_CONNECT_TIMEOUT_MS } from '../ssh2/wire.js';
import { classifyOpenssh } from './classify-openssh.js';
import { type HostKeyQuestion, HostKeyQuestions } from './host-key-questions.js';
import { identityOptions } from './identity-options.js';
import { LoginTranscript } from './login-transcript.js';
import { argumentsFor, configFor } from './master-config.js';
import { MasterProcess } from './master-process.js';
import { MuxSocket } from './mux-socket.js';
import { PrivateAgent } from './private-agent.js';
import { makePrivateDirectory, removePrivateDirectory } from './private-directory.js';

/** A master that has logged in, before anybody listens to it. */
export interface LoggedInMaster {
  process: MasterProcess;
  mux: MuxSocket;
  transcript: LoginTranscript;
}

/**
 * Starts an `ssh` that logs in and then carries channels. Host keys, those of hosts on the way included, are verified
 * by `verify`. Rejects with the `SshFailure` of what went wrong; nothing is left open then.
 */
export const logIn = async (
  target: SshTarget,
  keyRing: KeyRing,
  verify: HostKeyVerifier,
): Promise<LoggedInMaster> => {
  const directory = await makePrivateDirectory();
  let agent: PrivateAgent | null = null;
  try {
    const agentPath = join(directory, 'agent');
    const { options, identities } = identityOptions(target, keyRing, agentPath);
    if (identities.length > 0) agent = await PrivateAgent.listen(agentPath, identities);
    return await new MasterLogin(target, verify, directory).run(options);
  } catch (error) {
    await removePrivateDirectory(directory);
    throw error;
  } finally {
    agent?.close();
  }
};

class MasterLogin {
  readonly #target: SshTarget;
  readonly #verify: HostKeyVerifier;
  readonly #directory: string;
  readonly #hosts: readonly [...SshTarget[], SshTarget];
  readonly #questions: HostKeyQuestions;
  readonly #transcript = new LoginTranscript();
  readonly #over = new AbortController();
  #refusal: HostKeyRefusal | null = null;
  #fault: Error | null = null;
  #onStarted: () => void = () => undefined;

  constructor(target: SshTarget, verify: HostKeyVerifier, directory: string) {
    this.#target = target;
    this.#verify = verify;
    this.#directory = directory;
    this.#hosts = [...(target.jumps ?? []), target];
    this.#questions = new HostKeyQuestions(directory, randomBytes(16).toString('hex'));
  }

  async run(identities: readonly string[]): Promise<LoggedInMaster> {
    const configPath = join(this.#directory, 'config');
    const controlPath = join(this.#directory, 'control');
    const { scriptPath, script, command } = this.#questions;
    await writeFile(scriptPath, script, { mode: 0o600 });
    await writeFile(configPath, configFor(this.#target, command), { mode: 0o600 });

    const master = new MasterProcess({
      sshPath: this.#target.openssh?.sshPath ?? 'ssh',
      args: argumentsFor(this.#target, configPath, controlPath, identities),
      environment: environmentOf(this.#target),
      directory: this.#directory,
      onLine: (line) => {
        this.#read(line);
      },
    });
    const deadline = setTimeout(() => {
      this.#over.abort();
    }, this.#timeoutMs());
    try {
      await this.#started(master, controlPath);
      const mux = await MuxSocket.open(controlPath, this.#over.signal);
      return { process: master, mux, transcript: this.#transcript };
    } catch {
      const isTimeout = this.#over.signal.aborted;
      await master.stop();
      throw this.#failure(isTimeout);
    } finally {
      clearTimeout(deadline);
      this.#over.abort();
    }
  }

  /** Every host on the way has its own time, as it has when it is connected to by itself. */
  #timeoutMs(): number {
    return this.#hosts
      .map(({ connectTimeoutMs }) => connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS)
      .reduce((sum, each) => sum + each, 0);
  }

  /** Rejects when it has ended, or has not got through in time. */
  #started(master: MasterProcess, controlPath: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        reject(new Error('there is no master'));
      };
      void master.ended.then(giveUp);
      this.#over.signal.addEventListener('abort', giveUp, { once: true });
      // One for a host on the way says so, too, but only the master has the socket.
      this.#onStarted = () => {
        stat(controlPath).then(
          () => {
            this.#onStarted = () => undefined;
            resolve();
          },
          () => undefined,
        );
      };
    });
  }

  #read(line: string): void {
    if (this.#over.signal.aborted) {
      this.#transcript.hear(line);
      return;
    }
    const question = this.#questionIn(line);
    if (question) {
      this.#judge(question).catch((error: unknown) => {
        this.#giveUp(error as Error);
      });
      return;
    }
    this.#transcript.read(line);
    if (this.#transcript.hasStarted) this.#onStarted();
  }

  #questionIn(line: string): HostKeyQuestion | null {
    try {
      return this.#questions.read(line);
    } catch (cause) {
      const at = this.#hosts[this.#transcript.hostsPassed] ?? this.#target;
      const detail = `host key: ${(cause as Error).message}`;
      this.#giveUp(new SshFailure('ssh/unsupported', at, { detail, cause }));
      return null;
    }
  }

  /** Ends the login with a fault of this side, unless it is over anyway. */
  #giveUp(fault: Error): void {
    if (this.#over.signal.aborted) return;
    this.#fault = fault;
    this.#over.abort();
  }

  async #judge(question: HostKeyQuestion): Promise<void> {
    let isKnown = false;
    try {
      const verdict = await this.#verdictOn(question);
      isKnown = verdict === 'accept';
      // `ssh` may ask again: about the plain key, when a certificate was not good enough.
      this.#refusal = verdict === 'accept' ? null : verdict;
    } catch (error) {
      this.#fault = error as Error;
    }
    await this.#questions.answer(question, isKnown, this.#over.signal);
  }

  async #verdictOn({ host, port, key }: HostKeyQuestion): Promise<'accept' | HostKeyRefusal> {
    const asked = this.#hosts.find(
      (each) => each.port === port && each.host.toLowerCase() === host.toLowerCase(),
    );
    if (asked) return this.#verify(key, asked === this.#target ? null : hostKeyName(asked), asked);
    return {
      code: 'ssh/host-key-unknown',
      detail: `${host}:${String(port)} is not among the hosts that the ssh config names for the way`,
    };
  }

  #failure(isTimeout: boolean): Error | SshFailure {
    if (this.#fault) return this.#fault;
    return classifyOpenssh({
      hosts: this.#hosts,
      transcript: this.#transcript,
      refusal: this.#refusal,
      isTimeout,
    });
  }
}

/** Texts in English, and a shell that understands ours: a service account may have none. */
const environmentOf = ({ openssh }: SshTarget): Record<string, string | undefined> => ({
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: userInfo().homedir,
  ...openssh?.environment,
  LC_ALL: 'C',
  SHELL: '/bin/sh',
});
