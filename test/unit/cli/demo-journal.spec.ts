import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { executionsOf, readJournal } from '../../../src/cli/demo/journal.js';
import { Narrator } from '../../../src/cli/demo/narrator.js';
import { DOCUMENTS, git, makeProjects, PLAYBOOK_FOLDER } from '../../../src/cli/demo/projects.js';
import { PassThrough } from 'node:stream';

const scratch = (): Promise<string> => mkdtemp(join(tmpdir(), 'maestro-demo-test-'));

describe("the demo agent's journal", () => {
  it('tells how often each task was started and ended', async () => {
    const directory = await scratch();
    const path = join(directory, 'journal.ndjson');
    const entries = [
      { event: 'start', sessionId: 'm', role: 'moderator', task: null },
      { event: 'end', sessionId: 'm', exitCode: 0 },
      { event: 'start', sessionId: 'a', role: 'task', task: 'One' },
      { event: 'start', sessionId: 'b', role: 'task', task: 'Two' },
      { event: 'end', sessionId: 'a', exitCode: 0 },
    ];
    const lines = entries.map((entry) => JSON.stringify({ at: '2026-01-01T00:00:00Z', ...entry }));
    await writeFile(path, `${lines.join('\n')}\n`);
    const executions = executionsOf(await readJournal(path));
    expect(executions.map(({ task, ends }) => [task, ends.length])).toEqual([
      ['One', 1],
      ['Two', 0],
    ]);
    await rm(directory, { recursive: true });
  });

  it('is empty before anything was written', async () => {
    await expect(readJournal('/nonexistent/journal')).resolves.toEqual([]);
  });
});

describe("the demo's projects", () => {
  it('are two clean repositories on main; one holds five open tasks', async () => {
    const directory = await scratch();
    const { web, api } = await makeProjects(directory);
    for (const project of [web, api]) {
      await expect(git(project, 'status', '--porcelain')).resolves.toBe('');
      await expect(git(project, 'log', '--format=%D %s')).resolves.toBe(
        'HEAD -> main Open the shop',
      );
    }
    const texts = await Promise.all(
      DOCUMENTS.map((path) => git(api, 'show', `main:${PLAYBOOK_FOLDER}/${path}`)),
    );
    expect(texts.join('\n').match(/^- \[ \] /gm)).toHaveLength(5);
    await rm(directory, { recursive: true });
  });
});

describe('the narrator', () => {
  const narrate = (isTTY: boolean, json: boolean): { narrator: Narrator; told: () => string } => {
    const stdout = Object.assign(new PassThrough(), { isTTY });
    const world = {
      ...{ env: {}, stdin: new PassThrough(), stdout, stderr: new PassThrough() },
      signal: new AbortController().signal,
    };
    return {
      narrator: new Narrator(world, json),
      told: () => (stdout.read() as Buffer | null)?.toString() ?? '',
    };
  };

  it('uses colours at a terminal only', () => {
    const terminal = narrate(true, false);
    terminal.narrator.proof(true, 'It holds');
    expect(terminal.told()).toBe('         \u001b[32m✓\u001b[0m It holds\n');
    const file = narrate(false, false);
    file.narrator.proof(false, 'It does not');
    expect(file.told()).toBe('         ✗ It does not\n');
  });

  it('tells everything as NDJSON where that is asked for, and remembers what was proved', () => {
    const { narrator, told } = narrate(true, true);
    narrator.act('Act');
    narrator.proof(false, 'It does not');
    narrator.summary({ ok: false }, ['not shown']);
    const lines = told()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { type: 'act', text: 'Act' },
      { type: 'refuted', text: 'It does not' },
      { type: 'summary', ok: false },
    ]);
    expect(narrator.proofs).toEqual([{ ok: false, text: 'It does not' }]);
  });
});
