import { expect } from '@jest/globals';
import { type AgentServer, PLACES, untilIt } from '../../support/agent-server.js';
import { Bench } from './bench.js';
import { type RealCli, type Subject } from './subject.js';

const WORDS = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');

/** The server goes and comes back while its agents answer, on this host and on a remote. */
export const surviveRestart = async (
  subject: Subject,
  real: RealCli,
  server: AgentServer,
): Promise<void> => {
  const benches = await Promise.all(
    PLACES.map(async (where) => new Bench(await server.apart(), where, subject, real)),
  );
  try {
    const turns = await Promise.all(
      benches.map(async (at) => {
        const session = await at.open();
        const turn = await at.server.send(session, `%% slow 60 300\n%% say ${WORDS}`);
        if (subject.told.streams) {
          await at.server.untilTold(session, ({ type }) => type === 'turn.output');
        } else {
          const isAsked = (): boolean => at.server.model.requests.length > 0;
          await untilIt(() => Promise.resolve(isAsked()), at.server.limitMs);
        }
        return { at, turn };
      }),
    );
    for (const { at, turn } of turns) {
      expect(await at.server.api.get(`/turns/${turn.id}`)).toMatchObject({ state: 'running' });
    }
    await server.restart();
    for (const { at, turn } of turns) {
      const ended = await at.server.reach(turn);
      expect(ended).toMatchObject({ state: 'completed', text: WORDS, error: null, attempts: 1 });
      expect(await at.server.shownOf({ id: turn.sessionId }, turn)).toBe(WORDS);
    }
  } finally {
    await Promise.all(benches.map((at) => at.server.cleanUp()));
  }
};
