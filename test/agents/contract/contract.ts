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
import { surviveRestart } from './restart.js';
import { keepRow } from './table.js';
import { workOf } from './work.js';

/** Named by `npm run test:agents`. */
const CHOSEN = (process.env['MAESTRO_TEST_AGENTS'] ?? '').split(',');

/** Holds a real CLI to the contract: here and over a real sshd, with the same result. */
export const contractOf = (subject: Subject): void => {
  const { real, cli, version, name } = subject;
  if (isNone(real)) throw new Error(`${cli} cannot be run: ${real.none}`);
  const title = `The real ${cli} ${version}${UNCONFINED}`;
  if (!real.inEveryTest && !CHOSEN.includes(name)) {
    it.skip(`${title} (skipped: run by \`npm run test:agents -- ${name}\`)`, () => undefined);
    return;
  }
  describeReal(title, real, (program) => {
    const runs = new Runs();
    let server: AgentServer;
    beforeAll(async () => {
      const { adapter, custom } = subject;
      const agent = { agent: adapter.agent, command: program, ...(custom && { custom }) };
      server = await AgentServer.start(agent, (api, home) => real.environment(api, home));
      server.limitMs = real.turnMs;
    }, 180_000);
    afterAll(async () => {
      await keepRow(subject, runs.passed, runs.haveAllPassed);
      await server.stop();
    });

    it('is found on the remote, in the version that is tested', async () => {
      const asked = { agent: subject.adapter.agent, command: program };
      const path = `/remotes/${String(server.remoteIds.remote)}/test`;
      const version = real.versionText && expect.stringMatching(real.versionText);
      const found = { found: true, path: program, version, error: null };
      expect(await server.api.post(path, asked)).toMatchObject({ ok: true, agent: found });
    });

    describe('does the same on this host and on a remote: it', () => {
      for (const each of CONTRACT_CASES) caseOf(each, subject, real, () => server, runs);
    });
    it(
      'goes on through a restart of the server in the middle of an answer, here and on a remote',
      runs.of('restart', () => surviveRestart(subject, real, server)),
      3 * real.turnMs,
    );
    describe('works: it', () => {
      workOf(subject, real, () => server, runs);
    });
  });
};

/** What a contract has to show, and what of it has passed, at whichever try. */
export class Runs {
  readonly passed = new Set<string>();
  private readonly named = new Set<string>();

  /** False too when only some were asked for. */
  get haveAllPassed(): boolean {
    return this.passed.size === this.named.size;
  }

  of(name: string, test: () => Promise<void>): () => Promise<void> {
    this.named.add(name);
    return async () => {
      await test();
      this.passed.add(name);
    };
  }
}

const caseOf = (
  name: ContractCase,
  subject: Subject,
  real: RealCli,
  server: () => AgentServer,
  runs: Runs,
): void => {
  const { title, act, check } = CASES[name];
  const exception = real.exceptions[name];
  const inability = inabilityTo(name, subject);
  const lack = inability ?? (exception && !exception.ends ? exception.because : null);
  if (lack !== null) {
    it.skip(`${title} (skipped: ${lack})`, () => undefined);
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
    exception ? `does otherwise, where another ${title}: ${exception.because}` : title,
    runs.of(name, async () => {
      const [here, there] = await Promise.all(PLACES.map(tryAt));
      expect(there).toEqual(here);
    }),
    3 * real.turnMs,
  );
};

/** What its adapter does not claim is refused by the API for every agent alike, and tried nowhere. */
const inabilityTo = (name: ContractCase, { adapter, recorded }: Subject): string | null => {
  const { resume, readOnly, model, effort, images } = adapter.capabilities;
  const claims: Partial<Record<ContractCase, boolean>> = {
    ...{ resume, 'session-not-found': resume, model, image: images },
    ...{ 'read-only': readOnly !== 'none', effort: effort.length > 0 },
  };
  if (claims[name] ?? true) return null;
  const shown = recorded.cases[name];
  return isNone(shown) ? shown.none : 'its adapter does not claim it';
};
