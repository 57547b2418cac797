import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Turn } from '../../src/modules/sessions/index.js';
import { claudeEnv, codexEnv, describeClaude, describeCodex } from '../support/agent-clis.js';
import { AgentServer, PLACES } from '../support/agent-server.js';
import { type Model, type ModelRequest } from '../support/model-api.js';
import { scriptedModel } from '../support/scripted-model.js';

/** A CLI may tell the time of a reset by the minute only. */
const PATIENCE_MS = 120_000;

const SETTINGS = { MAESTRO_TURN_RETRY_MS: '500' };

/** A scripted model whose provider can be made to refuse. */
class HeldUp {
  overloaded = false;
  /** Whoever has used a tool is limited for so many seconds, from the first time on. */
  limitSeconds = 0;
  /** Epoch seconds. */
  limitedUntil = 0;

  readonly model: Model = (asked) => {
    const reply = scriptedModel(asked);
    if (this.overloaded) return { ...reply, failure: '529' };
    if (this.limitSeconds === 0 || !hasWorked(asked)) return reply;
    const now = Date.now() / 1_000;
    this.limitedUntil ||= Math.ceil(now) + this.limitSeconds;
    const { limitedUntil } = this;
    return limitedUntil > now ? { ...reply, limitedUntil } : reply;
  };
}

const hasWorked = ({ messages }: ModelRequest): boolean =>
  messages.some(({ content }) => content.some(({ type }) => type === 'tool_result'));

interface Cli {
  agent: string;
  environment: (modelApi: string, home: string) => Record<string, string>;
  /** What an account needs to be told when its limit resets. */
  account: Record<string, string>;
  /** Where it keeps its conversations, in its home. */
  memory: string;
}

const heldUpTurns =
  ({ agent, environment, account, memory }: Cli) =>
  (program: string): void => {
    let server: AgentServer;
    let provider: HeldUp;

    beforeAll(async () => {
      server = await AgentServer.start({ agent, command: program }, environment, SETTINGS);
      server.limitMs = PATIENCE_MS;
    }, 120_000);
    afterAll(() => server.stop());
    beforeEach(() => {
      provider = new HeldUp();
      return server.prepare(provider.model);
    });
    afterEach(() => server.cleanUp());

    it('stops at a limit in the middle of its work, and does the rest after the reset', async () => {
      const session = await server.open('remote', account);
      provider.limitSeconds = 20;
      const sent = await server.send(
        session,
        '%% bash echo once >> work.txt\n%% bash echo twice >> work.txt\n%% say at last',
        { fresh: true },
      );
      const limited = await server.reach(sent, 'limited');
      expect(limited).toMatchObject({ state: 'limited', error: { code: 'agent/limit' } });
      const turn = await server.reach(sent);
      expect(turn).toMatchObject({
        ...{ state: 'completed', text: 'at last', attempts: 1, error: null },
        ...{ providerSessionId: limited.providerSessionId },
        earlier: [{ code: 'agent/limit', worked: true }],
      });
      expect(Date.parse(turn.startedAt ?? '')).toBeGreaterThanOrEqual(
        provider.limitedUntil * 1_000,
      );
      expect(await readFile(join(server.project, 'work.txt'), 'utf8')).toBe('once\ntwice\n');
    });

    it('is tried again when the provider was overloaded', async () => {
      provider.overloaded = true;
      const sent = await server.send(await server.open('remote'), 'Please.\n%% say here it is');
      await server.api.until<Turn>(
        `/turns/${sent.id}`,
        ({ earlier }) => earlier.length >= 2,
        PATIENCE_MS,
      );
      provider.overloaded = false;
      const turn = await server.reach(sent);
      expect(turn).toMatchObject({ state: 'completed', text: 'here it is', waiting: null });
      expect(turn.attempts).toBe(turn.earlier.length + 1);
      expect(new Set(turn.earlier.map(({ code }) => code))).toEqual(new Set(['agent/overloaded']));
    });

    it.each(PLACES)('goes on when its conversation is gone from the %s host', async (where) => {
      const session = await server.open(where);
      const first = await server.answerOf(session, 'The number is 4711.');
      await rm(join(server.root, memory), { recursive: true });
      const second = await server.answerOf(session, 'Which number?\n%% say 4711');
      expect(second).toMatchObject({
        ...{ state: 'completed', text: '4711', attempts: 2 },
        earlier: [{ code: 'agent/session-not-found', providerSessionId: first.providerSessionId }],
      });
      const asked = JSON.stringify(server.model.requests.at(-1)?.messages);
      expect(asked).toContain('The number is 4711.');
      expect(asked).toContain(`  ${String(first.text)}`);
      expect(asked).toContain('REQUEST:\\nWhich number?');
      const { providerSessionId } = second;
      expect(providerSessionId).not.toBe(first.providerSessionId);
      expect(await server.api.get(`/sessions/${session.id}`)).toMatchObject({ providerSessionId });
      const told = (await server.toldOf(session)).filter(
        ({ type }) => type === 'turn.resumed-afresh',
      );
      expect(told.map(({ data }) => data)).toMatchObject([
        { from: first.providerSessionId, to: providerSessionId, reason: 'session-not-found' },
      ]);
      expect(await server.answerOf(session, '%% report')).toMatchObject({
        ...{ state: 'completed', attempts: 1, providerSessionId },
        text: expect.stringMatching(/ answers-before=1$/),
      });
    });
  };

describeClaude(
  'A turn of the real Claude Code that its provider holds up',
  heldUpTurns({
    ...{ agent: 'claude-code', environment: claudeEnv, memory: '.claude/projects' },
    account: { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-zzzz' },
  }),
);
describeCodex(
  'A turn of the real Codex that its provider holds up',
  heldUpTurns({
    ...{ agent: 'codex', environment: codexEnv, memory: '.codex/sessions', account: {} },
  }),
);
