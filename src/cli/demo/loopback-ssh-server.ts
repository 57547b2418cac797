import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo } from 'node:net';
import { constants, userInfo } from 'node:os';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2, {
  type AuthContext,
  type Connection,
  type ParsedKey,
  type ServerChannel,
  type Session,
} from 'ssh2';
import { z } from 'zod';
import { type LoopbackSsh } from './loopback-ssh.js';
import { TcpProxy } from './tcp-proxy.js';

/** The same "remote" as `startLoopbackSshd` for machines without sshd: runs commands only, in this process. */
export const startLoopbackSshServer = async (dir: string): Promise<LoopbackSsh> => {
  const home = join(dir, 'home');
  const clientKeyPath = join(dir, 'client_key');
  await mkdir(home, { recursive: true });
  const hostKey = newKeyPair();
  const clientKey = newKeyPair();
  await writeFile(clientKeyPath, clientKey.private, { mode: 0o600 });

  const user = userInfo();
  const admitted = parsed(clientKey.public);
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connections.add(connection);
    connection.on('error', ignore);
    connection.once('close', () => connections.delete(connection));
    connection.on('authentication', (context) => {
      if (isAdmitted(context, user.username, admitted)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept) => {
      serve(accept(), { shell: user.shell ?? '/bin/sh', home, username: user.username });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const proxy = await TcpProxy.start((server.address() as AddressInfo).port);

  return {
    host: '127.0.0.1',
    port: proxy.port,
    username: user.username,
    home,
    clientKeyPath,
    hostKeyFingerprint: fingerprintOf(parsed(hostKey.public)),
    cutConnections: () => {
      proxy.cut();
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await proxy.stop();
      for (const connection of connections) connection.end();
      await closed;
    },
  };
};

const ignore = (): void => undefined;

/** One in two hundred pairs that ssh2 generates it cannot read itself: a leading zero is lost on the way. */
const newKeyPair = (): { public: string; private: string } => {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'loopback' });
    const isReadable = [pair.public, pair.private].every(
      (key) => !(ssh2.utils.parseKey(key) instanceof Error),
    );
    if (isReadable) return pair;
  }
};

const parsed = (key: string): ParsedKey => {
  const result = ssh2.utils.parseKey(key);
  if (result instanceof Error) throw result;
  return result;
};

const fingerprintOf = (key: ParsedKey): string =>
  `SHA256:${createHash('sha256').update(key.getPublicSSH()).digest('base64').replace(/=+$/, '')}`;

/** Asked twice by a client: whether the key would do, then with the signature that proves it. */
const isAdmitted = (context: AuthContext, username: string, admitted: ParsedKey): boolean => {
  if (context.method !== 'publickey' || context.username !== username) return false;
  if (!context.key.data.equals(admitted.getPublicSSH())) return false;
  if (context.signature === undefined || context.blob === undefined) return true;
  return admitted.verify(context.blob, context.signature, context.hashAlgo);
};

interface Account {
  shell: string;
  home: string;
  username: string;
}

const serve = (session: Session, account: Account): void => {
  session.on('error', ignore);
  let signalTo: (name: NodeJS.Signals) => void = ignore;
  session.on(
    'signal',
    (accept: (() => void) | undefined, _reject: unknown, { name }: { name: string }) => {
      const signal = `SIG${name}`;
      if (signal in constants.signals) signalTo(signal as NodeJS.Signals);
      accept?.();
    },
  );
  session.on('exec', (accept, _reject, { command }) => {
    signalTo = execute(accept(), command, account);
  });
};

/** Runs a command as sshd does: by the login shell, and without an end when the client goes. */
const execute = (
  channel: ServerChannel,
  command: string,
  { shell, home, username }: Account,
): ((signal: NodeJS.Signals) => void) => {
  const child = spawn(shell, ['-c', command], {
    cwd: home,
    detached: true,
    env: { HOME: home, USER: username, LOGNAME: username, SHELL: shell, PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  for (const stream of [channel, channel.stderr, child.stdin, child.stdout, child.stderr]) {
    stream.on('error', ignore);
  }
  channel.pipe(child.stdin);
  channel.once('close', () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  const output = Promise.all([
    relay(child.stdout, channel, channel),
    relay(child.stderr, channel.stderr, channel),
  ]);
  child.once('error', () => {
    channel.exit(127);
    channel.end();
  });
  child.once('close', (code, signal) => {
    void output.then(() => {
      if (signal === null) channel.exit(code ?? 255);
      else channel.exit(signal.replace(/^SIG/, ''), false, '');
      channel.end();
    });
  });
  return (signal) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, signal);
  };
};

const WINDOW_POLL_MS = 5;

/**
 * Writes only what the client has room for. Once a stream of a channel has run into the end of the window, ssh2's server
 * sends a part of it again when the *other* stream does so, and leaves that one waiting for ever.
 */
const relay = async (from: Readable, to: Writable, channel: ServerChannel): Promise<void> => {
  try {
    for await (const chunk of from) {
      const data = chunk as Buffer;
      while (roomOf(channel) < data.length) await delay(WINDOW_POLL_MS);
      to.write(data);
    }
  } catch {
    // The client has closed the channel: nobody wants the rest.
  }
};

/** Bytes that the client takes now; any number once it takes nothing more. */
const roomOf = ({ outgoing }: ServerChannel): number => {
  const { state, window } = outgoingSide.parse(outgoing);
  return state === 'open' ? window : Number.POSITIVE_INFINITY;
};

const outgoingSide = z.object({ state: z.string(), window: z.number() });
