import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '../../support/agent-clis.js';
import { AgentServer, type Place, PLACES } from '../../support/agent-server.js';
import { Bench, endOf, essenceOf } from './bench.js';
import { CASES } from './cases.js';
import { UNCONFINED } from './network.js';
import {
  CONTRACT_CASES,
  type ContractCase,
  isNone,
  type RealCli,
  type Subject,
} from './subject.js';
import { workOf } from './work.js';

/** Holds a real CLI to the contract: here and over a real sshd, with the same result. */
export const contractOf = (subject: Subject): void => {
  const { real, cli, version } = subject;
  if (isNone(real)) throw new Error(`${cli} cannot be run: ${real.none}`);
  describeReal(`The real ${cli} ${version}${UNCONFINED}`, real, (program) => {
    let server: AgentServer;
    beforeAll(async () => {
      const { agent } = subject.adapter;
      server = await AgentServer.start(agent, program, (api, home) => real.environment(api, home));
      server.limitMs = real.turnMs;
    }, 180_000);
    afterAll(() => server.stop());

    it('is found on the remote, in the version that is tested', async () => {
      const asked = { agent: subject.adapter.agent, command: program };
      const answer = await server.api.post(
        `/remotes/${String(server.remoteIds.remote)}/test`,
        asked,
      );
      const found = { found: true, path: program, error: null };
      expect(answer).toMatchObject({ ok: true, agent: found });
      expect(answer).toMatchObject({ agent: { version: expect.stringMatching(real.versionText) } });
    });

    describe('does the same on this host and on a remote: it', () => {
      for (const name of CONTRACT_CASES) caseOf(name, subject, real, () => server);
    });
    describe('works: it', () => {
      workOf(subject, real, () => server);
    });
  });
};

const caseOf = (
  name: ContractCase,
  subject: Subject,
  real: RealCli,
  server: () => AgentServer,
): void => {
  const { title, act, check } = CASES[name];
  const exception = real.exceptions[name];
  if (!isAbleTo(name, subject)) return;
  if (exception && !exception.ends) {
    it.skip(`${title} (skipped: ${exception.because})`, () => undefined);
    return;
  }
  const tryAt = async (where: Place): Promise<object> => {
    const at = new Bench(await server().apart(), where, subject, real);
    try {
      const turn = await act(at);
      if (exception) expect(endOf(turn)).toBe(exception.ends);
      else await check(at, turn);
      return essenceOf(turn);
    } finally {
      await at.server.cleanUp();
    }
  };
  it(
    exception ? `does not, as the contract has it: ${title}: ${exception.because}` : title,
    async () => {
      const [here, there] = await Promise.all(PLACES.map(tryAt));
      expect(there).toEqual(here);
    },
    3 * real.turnMs,
  );
};

/** What its adapter does not claim is refused by the API for every agent alike, and tried nowhere. */
const isAbleTo = (name: ContractCase, { adapter: { capabilities } }: Subject): boolean => {
  const { resume, readOnly, model, images } = capabilities;
  const claims: Partial<Record<ContractCase, boolean>> = {
    ...{ resume, 'session-not-found': resume, model, image: images },
    'read-only': readOnly !== 'none',
  };
  return claims[name] ?? true;
};
