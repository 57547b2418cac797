import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Session, type Turn } from '../../../src/modules/sessions/index.js';
import { type AgentServer, type Place } from '../../support/agent-server.js';
import { type RealCli, type Subject } from './subject.js';

/** Where one case is tried: a host, with a model, a home and a project that nobody else has. */
export class Bench {
  constructor(
    readonly server: AgentServer,
    readonly where: Place,
    readonly subject: Subject,
    readonly real: RealCli,
  ) {}

  file(name: string): string {
    return join(this.server.project, name);
  }

  open(
    more: { account?: object; model?: string; effort?: string; limits?: object } = {},
  ): Promise<Session> {
    const { account = {}, ...rest } = more;
    return this.server.open(this.where, account, { args: this.real.args ?? [], ...rest });
  }

  /** A turn of a session of its own, when it has ended. */
  async ask(prompt: string, more: object = {}): Promise<Turn> {
    return this.server.answerOf(await this.open(), prompt, more);
  }

  /** What the model has read as such a prompt. */
  hasRead(prompt: string): boolean {
    const expected = this.real.promptAsSent?.(prompt) ?? prompt;
    return this.server.model.requests.some(({ messages }) =>
      messages.some(({ content }) => content.some(({ text }) => text?.includes(expected))),
    );
  }

  /** Tools that have ended, as `name phase`. */
  async endedTools({ sessionId, id }: Turn): Promise<string[]> {
    const told = await this.server.toldOf({ id: sessionId });
    return told.flatMap(({ type, data: { turnId, tool } }) =>
      type === 'turn.tool' && turnId === id && tool && tool.phase !== 'started'
        ? [`${tool.name} ${tool.phase}`]
        : [],
    );
  }

  /** Every file of the project, with its content. */
  async files(): Promise<Record<string, string>> {
    const { project } = this.server;
    const entries = await readdir(project, { withFileTypes: true, recursive: true });
    const read = entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(project.length + 1), await readFile(path, 'utf8')] as const;
      });
    return Object.fromEntries((await Promise.all(read)).sort());
  }
}

/** `completed`, `limited`, `cancelled`, or the code of what went wrong. */
export const endOf = ({ state, error }: Turn): string =>
  state === 'failed' ? (error?.code ?? state) : state;

/** What is the same on every host, where each has a model API of its own. */
export const essenceOf = (turn: Turn): object => ({
  ...{ end: endOf(turn), attempts: turn.attempts, readOnly: turn.readOnly },
  text: turn.text?.replaceAll(/127\.0\.0\.1:\d+/g, 'its model API') ?? null,
  recoverable: turn.error?.recoverable ?? null,
});
