import ssh2, {
  type AnyAuthMethod,
  type AuthenticationType,
  type IdentityCallback,
  type ParsedKey,
} from 'ssh2';
import { type LoginAttempts } from '../classify-ssh-error.js';
import { SshFailure } from '../errors.js';
import { type KeyRing } from '../private-keys.js';
import { type SshTarget } from '../ssh-target.js';

/** Offers the identities of a target one after another and remembers what the server made of them. */
export class Login {
  readonly #methods: { label: string; method: AnyAuthMethod }[];
  readonly #skipped: readonly SshFailure[];
  readonly #offered: string[] = [];
  #methodsLeft: readonly string[] = [];
  agentFault: string | null = null;

  /** Throws when there is nothing to offer, before the server is bothered with it. */
  constructor(target: SshTarget, keyRing: KeyRing) {
    const { identities, skipped } = keyRing.parse(target.privateKeys, target);
    const { username, agentSocket, agentKeys } = target;
    this.#skipped = skipped;
    this.#methods = identities.map(({ source, key }) => ({
      label: source === 'sealed' ? 'the sealed key' : source,
      method: { type: 'publickey', username, key },
    }));
    if (agentSocket !== undefined && agentKeys?.length !== 0) {
      this.#methods.push({
        label: 'ssh-agent',
        method: {
          type: 'agent',
          username,
          agent: agentKeys ? new ChosenIdentities(agentSocket, agentKeys) : agentSocket,
        },
      });
    }
    if (this.#methods.length === 0) throw skipped[0] ?? new SshFailure('ssh/no-identity', target);
  }

  /** The `authHandler` of ssh2. */
  readonly next = (methodsLeft: AuthenticationType[] | null): AnyAuthMethod | false => {
    if (methodsLeft) this.#methodsLeft = methodsLeft;
    const following = this.#methods[this.#offered.length];
    if (!following) return false;
    this.#offered.push(following.label);
    return following.method;
  };

  get attempts(): LoginAttempts {
    return {
      offered: this.#offered,
      methodsLeft: this.#methodsLeft,
      skipped: this.#skipped,
      agentFault: this.agentFault,
    };
  }
}

/** An agent of which only some keys are offered: each one counts against the server's MaxAuthTries. */
class ChosenIdentities extends ssh2.OpenSSHAgent {
  readonly #chosen: readonly Buffer[];

  constructor(socketPath: string, chosen: readonly Buffer[]) {
    super(socketPath);
    this.#chosen = chosen;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, keys) => {
      done(
        error,
        keys?.filter((key) => 'getPublicSSH' in key && this.#isChosen(key.getPublicSSH())),
      );
    });
  }

  #isChosen(key: Buffer): boolean {
    return this.#chosen.some((chosen) => chosen.equals(key));
  }
}
