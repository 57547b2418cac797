import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLoopbackSshd } from '../dist/cli/demo/loopback-sshd.js';
import { LOADER } from '../dist/hosts/runs/loader.js';
import { localHost, sshHost } from '../dist/hosts/index.js';
import { ConnectionPool } from '../dist/hosts/ssh/index.js';
import { startDelayProxy } from './delay-proxy.mjs';
import { Peers } from './peers.mjs';

export const ROUND_TRIPS_MS = [0, 50, 150];

/**
 * A real sshd on loopback, once with every delay: `work` gets what is measured there. Answers with the rows of all delays,
 * or says why nothing could be measured.
 */
export const onLoopback = async (work) => {
  if (spawnSync('ssh', ['-V']).status !== 0) return { skipped: 'no ssh client' };
  const dir = await mkdtemp(join(tmpdir(), 'maestro-bench-'));
  const sshd = await startLoopbackSshd(join(dir, 'sshd'));
  if (sshd === null) return { skipped: 'no sshd' };
  const rows = [];
  try {
    const port = await ownPort(join(dir, 'sshd'));
    for (const roundTripMs of ROUND_TRIPS_MS) {
      const proxy = roundTripMs === 0 ? null : await startDelayProxy(port, roundTripMs / 2);
      const bench = new LoopbackBench(sshd, proxy?.port ?? port, dir, roundTripMs);
      try {
        await bench.peers.open();
        rows.push(...(await work(bench)));
      } finally {
        await bench.close();
        await proxy?.close();
      }
    }
  } finally {
    await sshd.stop();
    await rm(dir, { recursive: true, force: true });
  }
  return { rows };
};

class LoopbackBench {
  #closers = [];

  constructor(sshd, port, dir, roundTripMs) {
    this.dir = dir;
    this.roundTripMs = roundTripMs;
    this.sshd = sshd;
    this.port = port;
    this.peers = new Peers(sshd, port, join(dir, 'control'));
  }

  /** An SSH host as the server uses it, after its first use. */
  async host() {
    const host = sshHost({ id: 'bench', name: 'bench', ...this.#way() });
    this.#closers.push(() => host.close());
    await host.environment();
    return host;
  }

  /** Bare channels that all run one command, without what a host makes of them; one connection stands. */
  async pool({ limits = {}, loader = LOADER } = {}) {
    const pool = new ConnectionPool({ name: 'bench', loader, limits, ...this.#way() });
    this.#closers.push(() => pool.close());
    (await pool.open('start')).close();
    return pool;
  }

  async local() {
    const host = localHost({ environment: { ...process.env, HOME: this.sshd.home } });
    await host.environment();
    return host;
  }

  async close() {
    for (const close of this.#closers) await close();
    await this.peers.close();
  }

  #way() {
    return {
      target: async () => ({
        id: 'bench',
        name: 'bench',
        host: '127.0.0.1',
        port: this.port,
        username: this.sshd.username,
        privateKeys: [
          { source: this.sshd.clientKeyPath, content: await readFile(this.sshd.clientKeyPath) },
        ],
      }),
      verifyHostKey: async () => 'accept',
    };
  }
}

/** The port of sshd itself: the relay that stands before it for tests would be measured too. */
const ownPort = async (dir) =>
  Number(/^Port (\d+)$/m.exec(await readFile(join(dir, 'sshd_config'), 'utf8'))[1]);
