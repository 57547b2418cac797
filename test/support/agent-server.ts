import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CustomAgent } from '../../src/agents/custom/custom-agent.js';
import { type Session, type Turn } from '../../src/modules/sessions/index.js';
import { type Api } from './api.js';
import { type Model, type ModelApi, startModelApi } from './model-api.js';
import { scriptedModel } from './scripted-model.js';
import { startTestServer, type TestServer } from './server.js';
import { startSshd, type TestSshd } from './sshd.js';

const LIMIT_MS = 50_000;
const ENDED = ['completed', 'failed', 'cancelled', 'lost'];

export type Place = 'local' | 'remote';
export const PLACES: readonly Place[] = ['local', 'remote'];

/** What sessions say of their agent, wherever they are. */
export interface Installed {
  agent: string;
  command: string;
  custom?: CustomAgent;
}

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
  /** How long one turn may take. */
  limitMs = LIMIT_MS;

  private constructor(
    private readonly server: TestServer,
    private readonly sshd: TestSshd,
    readonly remoteIds: Readonly<Record<Place, string | null>>,
    readonly agent: Installed,
    private readonly environment: (modelApi: string, home: string) => Record<string, string>,
  ) {}

  /** @param environment of the CLI, by the address of the model API and its home directory. */
  static async start(
    agent: Installed,
    environment: (modelApi: string, home: string) => Record<string, string>,
    settings: Record<string, string> = {},
  ): Promise<AgentServer> {
    const sshd = await startSshd();
    const server = await startTestServer({ databaseUrl: null, redisUrl: null }, settings);
    const remote = await server.api.post<{ id: string }>('/remotes', {
      ...{ name: 'builder', host: sshd.host, port: sshd.port, username: sshd.user },
      privateKeyPath: sshd.clientKeyPath,
    });
    const places = { local: null, remote: remote.id };
    return new AgentServer(server, sshd, places, agent, environment);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.sshd.stop();
  }

  /** Before each test. */
  async prepare(model: Model = scriptedModel): Promise<void> {
    this.model = await startModelApi(model);
    this.root = await mkdtemp(join(tmpdir(), 'maestro-agent-'));
    this.project = join(this.root, 'project');
    await this.furnish();
  }

  /** Makes its folders, and the settings of the CLI: at first, and when they were removed. */
  async furnish(): Promise<void> {
    await mkdir(this.project, { recursive: true });
    await mkdir(join(this.root, 'tmp'), { recursive: true });
    this.env();
  }

  /** The same server, for a test that runs beside others: prepared, with a model and a folder of its own. */
  async apart(model?: Model): Promise<AgentServer> {
    const { server, sshd, remoteIds, agent, environment } = this;
    const other = new AgentServer(server, sshd, remoteIds, agent, environment);
    other.limitMs = this.limitMs;
    await other.prepare(model);
    return other;
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

  /** Variables of a session; what its CLI leaves behind stays in the folder of the test. */
  env(): Record<string, string> {
    return { TMPDIR: join(this.root, 'tmp'), ...this.environment(this.model.url, this.root) };
  }

  open(where: Place, account: object = {}, more: object = {}): Promise<Session> {
    return this.api.post<Session>('/sessions', {
      ...{ ...this.agent, name: `On ${where}`, cwd: this.project },
      remoteId: this.remoteIds[where],
      env: { ...this.env(), ...account },
      ...more,
    });
  }

  send({ id }: Pick<Session, 'id'>, prompt: string, more: object = {}): Promise<Turn> {
    return this.api.post<Turn>(`/sessions/${id}/turns`, { prompt, ...more });
  }

  /** The turn when it has ended, or is in one of those states. */
  reach({ id }: Turn, ...states: string[]): Promise<Turn> {
    const isThere = ({ state }: Turn): boolean => states.includes(state) || ENDED.includes(state);
    return this.api.until<Turn>(`/turns/${id}`, isThere, this.limitMs);
  }

  async answerOf(session: Pick<Session, 'id'>, prompt: string, more: object = {}): Promise<Turn> {
    return this.reach(await this.send(session, prompt, more));
  }

  async toldOf({ id }: Pick<Session, 'id'>): Promise<Told[]> {
    const path = `/events?stream=session:${id}&limit=200`;
    return (await this.api.get<{ items: Told[] }>(path)).items;
  }

  async untilTold({ id }: Pick<Session, 'id'>, what: (told: Told) => boolean): Promise<void> {
    const path = `/events?stream=session:${id}&limit=200`;
    await this.api.until<{ items: Told[] }>(path, ({ items }) => items.some(what), this.limitMs);
  }

  /** What clients were shown of a turn's answer. */
  async shownOf(session: Pick<Session, 'id'>, { id }: Turn): Promise<string> {
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

export const untilIt = async (is: () => Promise<boolean>, limitMs = LIMIT_MS): Promise<void> => {
  const deadline = Date.now() + limitMs;
  while (!(await is().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('It did not come to it');
    await new Promise((later) => setTimeout(later, 50));
  }
};
