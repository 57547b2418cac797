import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, type SeenTurn } from '../support/api.js';
import { makeHome } from '../support/built-server.js';
import { type TestSshd } from '../support/sshd.js';

export interface SeenEvent {
  stream: string;
  seq: number;
  type: string;
  at: string;
  data: { turnId?: string; text?: string; [key: string]: unknown };
}

/** What an agent wrote of itself. */
interface JournalEntry {
  event: 'start' | 'end';
  pid: number;
  turn: string | null;
  exitCode?: number;
}

export interface Counting {
  sessionId: string;
  turnId: string;
  /** What the agent says, from the first number to the last. */
  numbers: string;
}

/** Demo agents that count aloud, piece by piece, each in a directory of its own. */
export class CountingAgents {
  private constructor(readonly dir: string) {}

  static async create(): Promise<CountingAgents> {
    return new CountingAgents(await realpath(await mkdtemp(join(tmpdir(), 'maestro-counting-'))));
  }

  /** A session whose agent says six words every `paceMs`. */
  async session(
    api: Api,
    { name, paceMs, remoteId }: { name: string; paceMs: number; remoteId?: string | undefined },
  ): Promise<string> {
    const cwd = join(this.dir, name);
    await mkdir(cwd);
    const { id } = await api.post<{ id: string }>('/sessions', {
      ...{ name, agent: 'demo', cwd, ...(remoteId !== undefined && { remoteId }) },
      env: { MAESTRO_DEMO_PACE_MS: String(paceMs), MAESTRO_DEMO_JOURNAL: this.journal },
    });
    return id;
  }

  async count(api: Api, sessionId: string, upTo: number): Promise<Counting> {
    const numbers = Array.from({ length: upTo }, (_, index) => index + 1).join(' ');
    const prompt = `%% say ${numbers}`;
    const { id } = await api.post<SeenTurn>(`/sessions/${sessionId}/turns`, { prompt });
    return { sessionId, turnId: id, numbers };
  }

  async entries(turnId: string): Promise<JournalEntry[]> {
    const text = await readFile(this.journal, 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line !== '');
    return lines
      .map((line) => JSON.parse(line) as JournalEntry)
      .filter(({ turn }) => turn?.startsWith(turnId) === true);
  }

  /** Whether the process of the agent that works on this turn is alive. */
  async isAlive(turnId: string): Promise<boolean> {
    const [start] = await this.entries(turnId);
    if (start === undefined) return false;
    try {
      return process.kill(start.pid, 0);
    } catch {
      return false;
    }
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  private get journal(): string {
    return join(this.dir, 'journal');
  }
}

export const registerRemote = async (api: Api, sshd: TestSshd, name: string): Promise<string> => {
  await makeHome(sshd.home);
  const { id } = await api.post<{ id: string }>('/remotes', {
    ...{ name, host: sshd.host, port: sshd.port, username: sshd.user },
    privateKeyPath: sshd.clientKeyPath,
  });
  return id;
};

/** The whole log of a stream, read page by page. */
export const eventsOf = async (api: Api, stream: string): Promise<SeenEvent[]> => {
  const events: SeenEvent[] = [];
  for (let cursor: string | null = '0'; cursor !== null;) {
    const path = `/events?stream=${stream}&after=${cursor}&limit=200`;
    const page: { items: SeenEvent[]; nextCursor: string | null } = await api.get(path);
    events.push(...page.items);
    cursor = page.nextCursor;
  }
  return events;
};

/** What a turn has said, in the order of the log. */
export const outputOf = (events: readonly SeenEvent[], turnId: string): string =>
  events
    .filter(({ type, data }) => type === 'turn.output' && data.turnId === turnId)
    .map(({ data }) => data.text ?? '')
    .join('');

/** Waits until every agent has begun to count; with `after`, until it is heard again after that moment. */
export const heard = async (
  api: Api,
  countings: readonly Counting[],
  after = 0,
): Promise<SeenEvent[]> =>
  Promise.all(
    countings.map(async ({ sessionId, turnId }) => {
      const isNew = ({ type, at, data }: SeenEvent): boolean =>
        type === 'turn.output' && data.turnId === turnId && Date.parse(at) > after;
      const path = `/events?stream=session:${sessionId}&after=0&limit=200`;
      const { items } = await api.until<{ items: SeenEvent[] }>(path, ({ items }) =>
        items.some(isNew),
      );
      return items.find(isNew) as SeenEvent;
    }),
  );
