import { type ConnectPhase, type LoginAttempts } from '../classify-ssh-error.js';

const LINES = 40;
const COMMONPLACE =
  /^(?:OpenSSH_|kex_exchange_identification: |Connection (?:closed|reset) |Killed by signal )/;

/**
 * What `ssh -v` writes while it logs in, over all hosts on the way: one `ssh` for each of them, the nearest first, and
 * all of them on the same standard error. Each goes on only when the one before has got through.
 */
export class LoginTranscript {
  phase: ConnectPhase = 'resolving';
  /** Hosts that have let us in. */
  hostsPassed = 0;
  /** What the server wrote before (or instead of) its SSH identification. */
  greeting = '';
  /** Milliseconds of one round trip to the host that was spoken to last. */
  latencyMs = 1;
  /** The identity that the server would have accepted, had we been able to sign with it. */
  acceptedIdentity: string | null = null;
  hasStarted = false;
  /** What it said in earnest. */
  readonly words: string[] = [];
  #offered: string[] = [];
  #methodsLeft: string[] = [];
  #askedAt = 0;

  read(line: string): void {
    if (line.startsWith('debug1: ')) this.#follow(line.slice('debug1: '.length));
    else if (line.startsWith('Authenticated to ')) this.#passed();
    else this.hear(line);
  }

  /** Keeps what it says in earnest: all that matters once the login is over. */
  hear(line: string): void {
    const words = line.trim();
    if (words === '' || words.startsWith('debug1: ')) return;
    this.words.push(words);
    if (this.words.length > LINES) this.words.shift();
  }

  get attempts(): LoginAttempts {
    return {
      offered: this.#offered,
      methodsLeft: this.#methodsLeft,
      skipped: [],
      agentFault: null,
    };
  }

  /** The last line that tells more than which program it is, and that it is over. */
  get lastWords(): string | undefined {
    return this.words.findLast((words) => !COMMONPLACE.test(words));
  }

  #follow(step: string): void {
    const said = /^kex_exchange_identification: banner line \d+: (.*)$/.exec(step)?.[1];
    if (said !== undefined) this.greeting += `${said}\n`;
    else if (step.startsWith('Connecting to ')) this.phase = 'connecting';
    else if (step.startsWith('Connection established')) this.phase = 'greeting';
    else if (step.startsWith('Remote protocol version')) this.phase = 'negotiating';
    else if (step.startsWith('SSH2_MSG_SERVICE_ACCEPT received')) {
      this.phase = 'authenticating';
      this.#askedAt = performance.now();
    } else if (step.startsWith('Entering interactive session')) this.hasStarted = true;
    else this.#followLogin(step);
  }

  #followLogin(step: string): void {
    const methods = /^Authentications that can continue: (.*)$/.exec(step)?.[1];
    const [, verb, identity] =
      /^(Offering public key|Server accepts key): (.+?) \S+ SHA256:\S+/.exec(step) ?? [];
    if (methods !== undefined) {
      this.#methodsLeft = methods.split(',');
      this.acceptedIdentity = null;
      // The answer to a login without anything: the server has not looked at a key yet.
      if (this.#askedAt > 0) {
        this.latencyMs = Math.max(1, Math.round(performance.now() - this.#askedAt));
        this.#askedAt = 0;
      }
    } else if (identity !== undefined && verb === 'Server accepts key') {
      this.acceptedIdentity = identity;
    } else if (identity !== undefined) {
      this.#offered.push(identity);
    }
  }

  #passed(): void {
    this.hostsPassed += 1;
    this.phase = 'greeting';
    this.greeting = '';
    this.hasStarted = false;
    this.acceptedIdentity = null;
    this.#offered = [];
    this.#methodsLeft = [];
    this.words.length = 0;
  }
}
