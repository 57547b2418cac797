import { Connection } from './ssh2/connection.js';
import { type Link } from './link.js';
import { clientFault } from './openssh/client-program.js';
import { OpensshLink } from './openssh/openssh-link.js';
import { proxyCommandWire } from './ssh2/proxy-command.js';
import { type KeyRing } from './private-keys.js';
import { type HostKeyVerifier, hostKeyName, type SshTarget } from './ssh-target.js';
import { beyondSsh2, reasonsForOpenssh } from './transport-choice.js';
import { type Dial, socketWire } from './ssh2/wire.js';

/** A connection to a host on the way, and how many connections need it. */
interface Hop {
  readonly connection: Promise<Connection>;
  users: number;
}

/**
 * How the connections of one pool reach their host: directly, through a program, or over other hosts. A host on the
 * way is connected to once, its key is verified like any other, and it is left when nothing leads over it any more.
 */
export class Routes {
  readonly #keyRing: KeyRing;
  readonly #verifyHostKey: HostKeyVerifier;
  readonly #hops = new Map<string, Hop>();
  readonly #leaving = new Set<Promise<void>>();
  /** Why ssh2 could not talk to the host, as far as that has shown. */
  readonly #learnt = new Set<string>();

  constructor(keyRing: KeyRing, verifyHostKey: HostKeyVerifier) {
    this.#keyRing = keyRing;
    this.#verifyHostKey = verifyHostKey;
  }

  /** Over ssh2, unless the target needs the system's `ssh`, or turns out to need it. */
  async connect(target: SshTarget): Promise<Link> {
    const reasons = [...reasonsForOpenssh(target), ...this.#learnt];
    if (reasons.length > 0) return this.#connectByOpenssh(target, reasons);
    try {
      return await this.#connect(target, target.jumps ?? [], null);
    } catch (error) {
      const reason = beyondSsh2(error);
      if (reason === null || !knowsTheWay(target)) throw error;
      if ((await clientFault(target.openssh?.sshPath)) !== null) throw error;
      this.#learnt.add(reason);
      return this.#connectByOpenssh(target, [reason]);
    }
  }

  /** Resolves when all hosts on the way have been left; to be asked after the last connection has closed. */
  async closed(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  #connectByOpenssh(target: SshTarget, reasons: readonly string[]): Promise<Link> {
    return OpensshLink.open(target, this.#keyRing, this.#verifyHostKey, reasons);
  }

  #connect(
    target: SshTarget,
    jumps: readonly SshTarget[],
    hop: string | null,
  ): Promise<Connection> {
    return Connection.open(
      target,
      () => this.#reach(target, jumps),
      this.#keyRing,
      (key) => this.#verifyHostKey(key, hop, target),
    );
  }

  async #reach(target: SshTarget, jumps: readonly SshTarget[]): Promise<Dial> {
    if (jumps.length === 0) {
      const { proxyCommand } = target;
      return () => (proxyCommand ? proxyCommandWire(target, proxyCommand) : socketWire(target));
    }
    const { connection, leave } = this.#enter(jumps);
    try {
      const dial = await (await connection).forward(target);
      return () => {
        const wire = dial();
        void wire.closed.then(leave);
        return wire;
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** The connection to the last of `jumps`, for one user more. `leave` may be called once. */
  #enter(jumps: readonly SshTarget[]): { connection: Promise<Connection>; leave: () => void } {
    const path = jumps.map(pathElement).join(' ');
    const hop = this.#hops.get(path) ?? this.#open(path, jumps);
    hop.users += 1;
    const leave = (): void => {
      hop.users -= 1;
      if (hop.users === 0) this.#close(path, hop);
    };
    return { connection: hop.connection, leave };
  }

  #open(path: string, jumps: readonly SshTarget[]): Hop {
    const before = jumps.slice(0, -1);
    const [last] = jumps.slice(-1) as [SshTarget];
    const connection = this.#connect(last, before, hostKeyName(last));
    const hop: Hop = { connection, users: 0 };
    this.#hops.set(path, hop);
    const forget = (): void => {
      if (this.#hops.get(path) === hop) this.#hops.delete(path);
    };
    connection.then((ready) => {
      ready.onLost = forget;
      if (ready.isAlive) quicken(ready);
      else forget();
    }, forget);
    return hop;
  }

  #close(path: string, hop: Hop): void {
    if (this.#hops.get(path) === hop) this.#hops.delete(path);
    const leaving = hop.connection
      .then((connection) => connection.close())
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

/** Whether `ssh` would find it: by what it connects to itself, or by what an ssh config says. */
const knowsTheWay = ({ jumps = [], proxyCommand, openssh }: SshTarget): boolean =>
  openssh?.config !== undefined || (jumps.length === 0 && proxyCommand === undefined);

/** OpenSSH leaves Nagle on for a client that only forwards: 40 ms per command, unless it once had a session. */
const quicken = (connection: Connection): void => {
  connection.open('true').then(
    (channel) => {
      channel.close();
    },
    () => undefined,
  );
};

const pathElement = ({ username, host, port }: SshTarget): string =>
  `${username}@${host}:${String(port)}`;
