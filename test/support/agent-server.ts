import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { type Api } from './api.js';
import { type ModelApi, startModelApi } from './model-api.js';
import { scriptedModel } from './scripted-model.js';
import { startTestServer, type TestServer } from './server.js';
import { startSshd, type TestSshd } from './sshd.js';

const LIMIT_MS = 50_000;
const ENDED = ['completed', 'failed', 'cancelled', 'lost'];

export type Place = 'local' | 'remote';
export const PLACES: readonly Place[] = ['local', 'remote'];

/** What a client is told of a session. */
export interface Told {
  type: string;
  data: { turnId: string; text?: string; tool?: { name: string; phase: string } };
}

/** A server with this machine and a remote, on which sessions of a real CLI talk to a scripted model. */
export class AgentServer {
  model!: ModelApi;
  /** A folder of its own for each test, which is the home of the CLI too. */
  root = '';
  /** Where its agents work. */
  project = '';

  private constructor(
    private readonly server: TestServer,
    private readonly sshd: TestSshd,
    readonly remoteIds: Readonly<Record<Place, string | null>>,
    private readonly agent: { agent: string; command: string },
    private readonly environment: (modelApi: string, home: string) => Record<string, string>,
  ) {}

  /** @param environment of the CLI, by the address of the model API and its home directory. */
  static async start(
    agent: string,
    command: string,
    environment: (modelApi: string, home: string) => Record<string, string>,
  ): Promise<AgentServer> {
    const sshd = await startSshd();
    const server = await startTestServer({ databaseUrl: null, redisUrl: null });
    const remote = await server.api.post<{ id: string }>('/remotes', {
      ...{ name: 'builder', host: sshd.host, port: sshd.port, username: sshd.user },
      privateKeyPath: sshd.clientKeyPath,
    });
    const places = { local: null, remote: remote.id };
    return new AgentServer(server, sshd, places, { agent, command }, environment);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.sshd.stop();
  }

  /** Before each test. */
  async prepare(): Promise<void> {
    this.model = await startModelApi(scriptedModel);
    this.root = await mkdtemp(join(tmpdir(), 'maestro-agent-'));
    this.project = join(this.root, 'project');
    await mkdir(this.project);
  }

  /** After each test. */
  async cleanUp(): Promise<void> {
    await this.model.close();
    await rm(this.root, { recursive: true, force: true });
  }

  get api(): Api {
    return this.server.api;
  }

  restart(): Promise<void> {
    return this.server.restart();
  }

  open(where: Place, account: object = {}): Promise<Session> {
    return this.api.post<Session>('/sessions', {
      ...{ ...this.agent, name: `On ${where}`, cwd: this.project },
      remoteId: this.remoteIds[where],
      env: { ...this.environment(this.model.url, this.root), ...account },
    });
  }

  send({ id }: Session, prompt: string, more: object = {}): Promise<Turn> {
    return this.api.post<Turn>(`/sessions/${id}/turns`, { prompt, ...more });
  }

  /** The turn when it has ended, or is in one of those states. */
  reach({ id }: Turn, ...states: string[]): Promise<Turn> {
    const isThere = ({ state }: Turn): boolean => states.includes(state) || ENDED.includes(state);
    return this.api.until<Turn>(`/turns/${id}`, isThere, LIMIT_MS);
  }

  async answerOf(session: Session, prompt: string, more: object = {}): Promise<Turn> {
    return this.reach(await this.send(session, prompt, more));
  }

  async toldOf({ id }: Session): Promise<Told[]> {
    const path = `/events?stream=session:${id}&limit=200`;
    return (await this.api.get<{ items: Told[] }>(path)).items;
  }

  async untilTold({ id }: Session, what: (told: Told) => boolean): Promise<void> {
    const path = `/events?stream=session:${id}&limit=200`;
    await this.api.until<{ items: Told[] }>(path, ({ items }) => items.some(what), LIMIT_MS);
  }

  /** What clients were shown of a turn's answer. */
  async shownOf(session: Session, { id }: Turn): Promise<string> {
    return (await this.toldOf(session))
      .filter(({ type, data }) => type === 'turn.output' && data.turnId === id)
      .map(({ data }) => data.text)
      .join('');
  }
}

/** Processes that carry the mark of a turn's run in their environment, or have such words in their command line. */
export const processesOf = async (run: Turn | string): Promise<string[]> => {
  const [file, words] =
    typeof run === 'string' ? ['cmdline', run] : ['environ', `MAESTRO_RUN=${run.id}`];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const text = await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    return text.replaceAll('\0', ' ').includes(words) ? [pid] : [];
  });
  return (await Promise.all(found)).flat();
};

export const untilIt = async (is: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await is().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('It did not come to it');
    await new Promise((later) => setTimeout(later, 50));
  }
};
