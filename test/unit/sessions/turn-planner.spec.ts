import { expect, it } from '@jest/globals';
import { AgentRegistry, type AgentName, type Usage } from '../../../src/agents/index.js';
import { TurnPlanner } from '../../../src/modules/sessions/drive/turn-planner.js';
import { type ScratchDirectories } from '../../../src/modules/sessions/scratch/scratch-directories.js';
import { type SessionPlaces } from '../../../src/modules/sessions/session-places.js';
import { type SessionsRepository } from '../../../src/modules/sessions/storage/sessions.repository.js';
import { type TurnRow } from '../../../src/modules/sessions/storage/turn.entity.js';
import { type ImagesRepository } from '../../../src/modules/sessions/storage/images.repository.js';
import { type TurnsRepository } from '../../../src/modules/sessions/storage/turns.repository.js';
import { type RemoteHosts } from '../../../src/modules/remotes/index.js';
import { type Config } from '../../../src/platform/config/index.js';

const SPENT = { inputTokens: 7 } as Usage;

/** Plans a turn of such an agent: what it is told to have spent, and what was asked before anything was answered. */
const planned = async (
  agent: AgentName,
  fresh = false,
  change: Partial<TurnRow> = {},
): Promise<{
  spentBefore: Usage | null;
  providerSessionId: string | null;
  asked: string[];
  cwd: string;
}> => {
  const asked: string[] = [];
  const session = { id: 's', agent, custom: null, providerSessionId: 'conversation', limits: {} };
  const rows = {
    find: () => Promise.resolve(session),
    spentOn: (...of: string[]) => {
      asked.push(`spent ${of.join()}`);
      return Promise.resolve(SPENT);
    },
  };
  const sessions = {
    placeOf: async () => {
      await new Promise(setImmediate);
      asked.push('place');
      return { cwd: '/project' };
    },
  };
  const planner = new TurnPlanner(
    rows as unknown as SessionsRepository,
    {} as TurnsRepository,
    { ofTurn: () => Promise.resolve([]) } as unknown as ImagesRepository,
    sessions as unknown as SessionPlaces,
    { retirementOf: () => new AbortController().signal } as unknown as RemoteHosts,
    new AgentRegistry(),
    {
      isNeeded: ({ kind }: TurnRow) => kind === 'moderator',
      enter: () => Promise.resolve('/scratch').finally(() => asked.push('scratch')),
    } as unknown as ScratchDirectories,
    {} as Config,
  );
  const { request, cwd } = await planner.plan({
    sessionId: 's',
    fresh,
    earlier: [] as unknown,
    ...change,
  } as TurnRow);
  const { spentBefore, providerSessionId } = request;
  return { spentBefore, providerSessionId, asked, cwd };
};

it('is planned with what its conversation has used, asked beside the rest, where its agent tells totals', async () => {
  expect(await planned('codex')).toMatchObject({
    spentBefore: SPENT,
    asked: ['spent s,conversation', 'place'],
  });
  expect(await planned('codex', true)).toMatchObject({ spentBefore: null, asked: ['place'] });
});

it('goes on with the conversation that it began with, whatever its session’s is by now', async () => {
  const kept = { cwd: '/known', directory: '/own' };
  const taken = (place: NonNullable<TurnRow['parser']>['place']) =>
    planned('codex', false, { parser: { place } as TurnRow['parser'] });
  expect(await taken({ ...kept, providerSessionId: 'before', spentBefore: null })).toMatchObject({
    ...{ providerSessionId: 'before', spentBefore: null, asked: ['place'] },
  });
  expect(await taken({ ...kept, providerSessionId: null, spentBefore: null })).toMatchObject({
    ...{ providerSessionId: null, spentBefore: null, asked: ['place'] },
  });
  // As an earlier version of this server has stored it.
  expect(await taken(kept)).toMatchObject({
    ...{ providerSessionId: 'conversation', spentBefore: SPENT },
  });
});

it('asks nothing of what was used for any other agent', async () => {
  expect(await planned('claude-code')).toMatchObject({ spentBefore: null, asked: ['place'] });
});

it('asks its host for the directory of a moderator only until it is known where it works', async () => {
  const kind = 'moderator';
  const asked = ['place'];
  expect(await planned('claude-code', false, { kind })).toMatchObject({
    ...{ cwd: '/scratch', asked: ['place', 'scratch'] },
  });
  const place = { cwd: '/known', directory: '/own' };
  const parser = { place } as TurnRow['parser'];
  expect(await planned('claude-code', false, { kind, parser })).toMatchObject({
    ...{ cwd: '/known', asked },
  });
  expect(await planned('claude-code', false, { kind, cwd: '/stored' })).toMatchObject({
    ...{ cwd: '/stored', asked },
  });
});
