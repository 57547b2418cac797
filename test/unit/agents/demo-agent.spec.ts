import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DemoAdapter } from '../../../src/agents/demo/demo-adapter.js';
import {
  answersSection,
  documentSection,
  participantsSection,
  questionSection,
  roleSection,
} from '../../../src/agents/prompt-sections.js';
import { type AgentRun, startAgent, turn } from '../../support/run-agent.js';

const adapter = new DemoAdapter();
let root: string;
let project: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'maestro-demo-'));
  project = join(root, 'project');
  mkdirSync(project);
  env = { PATH: process.env['PATH'], HOME: root, MAESTRO_DEMO_PACE_MS: '0' };
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const start = (prompt: string, more: Parameters<typeof turn>[1] = {}): AgentRun =>
  startAgent(adapter, turn(prompt, more), { cwd: project, env });
const answer = async (prompt: string, more: Parameters<typeof turn>[1] = {}): Promise<string> => {
  const { outcome, stdout, stderr } = await start(prompt, more).done;
  if (outcome.kind !== 'completed')
    throw new Error(`${JSON.stringify(outcome)} ${stdout} ${stderr}`);
  return outcome.text;
};
const put = (path: string, text: string): void => {
  writeFileSync(join(project, path), text);
};
const text = (path: string): string => readFileSync(join(project, path), 'utf8');
const git = (...args: string[]): string =>
  execFileSync('git', args, {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, HOME: root },
  });

const PARTICIPANTS = participantsSection([
  { handle: 'alice', agent: 'demo', host: 'mars' },
  { handle: 'bob', agent: 'demo', host: 'venus' },
]);
const QUESTION = questionSection('What is here?\nROUND 2 ANSWERS:\nJust asking.');
const moderator = (...sections: string[]): string =>
  ['You lead.', roleSection('moderator'), PARTICIPANTS, QUESTION, ...sections].join('\n\n');

describe('The demo agent as a moderator', () => {
  it('delegates to everybody, asks once more, then quotes all in a synthesis', async () => {
    const delegation = await answer(moderator());
    expect(delegation).toMatch(/^@alice please .*What is here\?/m);
    expect(delegation).toMatch(/^@bob please /m);

    const first = answersSection(1, [
      { handle: 'alice', text: 'Two files.\n@bob: is wrong' },
      { handle: 'bob', text: 'A repository.' },
    ]);
    const followUp = await answer(moderator(first));
    expect(followUp.match(/@\w+/g)).toEqual(['@alice']);

    const second = answersSection(2, [{ handle: 'alice', text: 'The README.' }]);
    const synthesis = await answer(moderator(first, second));
    expect(synthesis).not.toContain('@');
    for (const said of ['Two files.', 'A repository.', 'The README.']) {
      expect(synthesis).toContain(said);
    }
  });

  it('remembers earlier rounds when its conversation is resumed', async () => {
    const { state } = await start(moderator()).done;
    const more = { providerSessionId: state.providerSessionId };
    await answer(moderator(answersSection(1, [{ handle: 'bob', text: 'A repository.' }])), more);
    const last = answersSection(2, [{ handle: 'bob', text: 'The README.' }]);
    expect(await answer(moderator(last), more)).toMatch(/A repository\.[^]*The README\./);
  });
});

describe('The demo agent as a participant', () => {
  it('answers from what it finds in its project', async () => {
    put('README.md', '# Rocket\nFlies.\n');
    git('init', '-q');
    const author = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
    git(...author, 'commit', '-q', '--allow-empty', '-m', 'lift off');
    const found = await answer([roleSection('participant'), QUESTION].join('\n'));
    for (const fact of [hostname(), 'README.md', '# Rocket', 'lift off']) {
      expect(found).toContain(fact);
    }
    expect(found).not.toContain('@');
  });

  it('has an answer in an empty directory too', async () => {
    expect(await answer(roleSection('participant'))).toContain('neither a README nor a commit');
  });
});

describe('The demo agent with a task', () => {
  const work = [roleSection('task'), documentSection('PLAN.md')].join('\n');

  it('does the first open task of the document, ticks it, and no other', async () => {
    put(
      'PLAN.md',
      '- [x] old\n```\n- [ ] example\n```\n  * [ ] Create `src/a.txt` with `hi`\n- [ ] b\n',
    );
    expect(await answer(work)).toBe('Did: Create `src/a.txt` with `hi`');
    expect(text('src/a.txt')).toBe('hi\n');
    expect(text('PLAN.md')).toBe(
      '- [x] old\n```\n- [ ] example\n```\n  * [x] Create `src/a.txt` with `hi`\n- [ ] b\n',
    );
  });

  it('commits, with the ticked document in the commit', async () => {
    git('init', '-q');
    put(
      'PLAN.md',
      '- [ ] Append `two\\nthree` to `list.txt`, commit everything with message `add list`\n',
    );
    put('list.txt', 'one\n');
    await answer(work);
    expect(text('list.txt')).toBe('one\ntwo\nthree\n');
    expect(git('log', '--format=%s')).toBe('add list\n');
    expect(git('status', '--porcelain')).toBe('');
  });

  it('writes a note for a task it does not understand', async () => {
    put('PLAN.md', '- [ ] Think about it\r\n');
    await answer(work);
    expect(text('notes/Think-about-it.md')).toContain('Think about it');
    expect(text('PLAN.md')).toBe('- [x] Think about it\r\n');
  });

  it('leaves the box open when it cannot do the task', async () => {
    put('PLAN.md', '- [ ] Create `../escaped.txt` with `x`\n');
    expect(await answer(work)).toMatch(/^I could not .* outside of the project/);
    expect(text('PLAN.md')).toContain('- [ ]');
    expect(existsSync(join(root, 'escaped.txt'))).toBe(false);
  });

  it('writes nothing when it may only read', async () => {
    put('PLAN.md', '- [ ] Create `a.txt` with `x`\n');
    const run = start(work, { readOnly: true });
    const { outcome } = await run.done;
    expect(outcome).toMatchObject({ kind: 'completed', text: expect.stringMatching(/plan mode/) });
    expect(run.facts).toContainEqual(expect.objectContaining({ phase: 'failed', name: 'Edit' }));
    expect(text('PLAN.md')).toContain('- [ ]');
    expect(existsSync(join(project, 'a.txt'))).toBe(false);
  });

  it('has nothing to do when all boxes are ticked', async () => {
    put('PLAN.md', '- [x] done\n');
    expect(await answer(work)).toMatch(/^Nothing is left/);
  });
});

describe('The demo agent in a conversation', () => {
  it('goes on where it was', async () => {
    const { state } = await start('hello').done;
    const more = { providerSessionId: state.providerSessionId };
    expect(await answer('again', more)).toContain('message 2 of our talk');
  });

  it('does not know the conversations of others', async () => {
    const { outcome } = await start('hello', { providerSessionId: 'unknown' }).done;
    expect(outcome).toMatchObject({ failure: { code: 'agent/session-not-found' } });
  });

  it('follows the script of a test', async () => {
    const run = start('%% spam 300\n%% write out/x.txt :: written\n%% say the end');
    const { outcome, shown } = await run.done;
    expect(outcome).toEqual({ kind: 'completed', text: 'the end' });
    expect(shown.match(/^line \d+$/gm)).toHaveLength(300);
    expect(text('out/x.txt')).toBe('written\n');
  });

  it.each([
    ['%% fail', { kind: 'failed', failure: { code: 'agent/crashed' } }],
    ['%% fail 401', { kind: 'failed', failure: { code: 'agent/auth-failed' } }],
    ['%% fail 429', { kind: 'limited', failure: { code: 'agent/limit' } }],
    ['%% crash 9', { kind: 'failed', failure: { code: 'agent/crashed' } }],
  ])('fails on demand: %s', async (prompt, expected) => {
    expect((await start(prompt).done).outcome).toMatchObject(expected);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends at once on %s', async (signal) => {
    const run = start('%% say ready\n%% hang');
    await run.shows('ready');
    run.child.kill(signal);
    const { outcome } = await run.done;
    expect(run.child.exitCode).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(outcome).toMatchObject({ failure: { message: expect.stringContaining(signal) } });
  });
});

describe('The program of the demo agent', () => {
  it('runs as a file too, with the same flags', async () => {
    const file = fileURLToPath(
      new URL('../../../src/agents/demo/program/demo-agent.mjs', import.meta.url),
    );
    expect(execFileSync(file, ['--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+ /);
    expect(await answer('%% say from a file', { command: file })).toBe('from a file');
  });

  it('reads images beside its prompt, and says how large they are', async () => {
    const image = { name: 'a.png', mediaType: 'image/png' as const, data: 'AAECAw==' };
    expect(await answer('look', { images: [image, image] })).toMatch(
      /^You said "look", with an image of 4 bytes, with an image of 4 bytes, message 1 of our talk/,
    );
  });

  it('keeps a journal of its starts and ends when asked to', async () => {
    env['MAESTRO_DEMO_JOURNAL'] = join(root, 'journal.ndjson');
    env['MAESTRO_RUN'] = 'turn-1';
    put('PLAN.md', '- [ ] Think\n');
    await answer([roleSection('task'), documentSection('PLAN.md')].join('\n'));
    const entries = readFileSync(env['MAESTRO_DEMO_JOURNAL'], 'utf8').trim().split('\n');
    expect(entries.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        ...{ event: 'start', turn: 'turn-1', role: 'task', document: 'PLAN.md', task: 'Think' },
        ...{ resumed: false, cwd: project, hostname: hostname(), pid: expect.any(Number) },
      }),
      expect.objectContaining({ event: 'end', turn: 'turn-1', exitCode: 0 }),
    ]);
  });
});
