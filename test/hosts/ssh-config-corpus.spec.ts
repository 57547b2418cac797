import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, NO_CLIENT, readSnippets, writeConfig } from '../support/ssh-config-corpus.js';
import { generateSnippet } from '../support/ssh-config-generator.js';

const hasSsh = spawnSync('ssh', ['-V']).error === undefined;
const withSsh = hasSsh ? it : it.skip;
const snippets = readSnippets();

// Others: SSH_CONFIG_SEED=7 npm run jest -- test/hosts/ssh-config-corpus
const SEED = Number(process.env['SSH_CONFIG_SEED'] ?? 1);
const BATCH = 25;
const batches = Array.from({ length: 6 }, (_, index) => ({ first: SEED + index * BATCH }));

describe(`An ssh config that is read without an ssh client${hasSsh ? '' : ' (not compared: no ssh client on this machine)'}`, () => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'maestro-ssh-corpus-'));
  });
  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  const written = async (files: ReadonlyMap<string, string>): Promise<string> =>
    writeConfig(await mkdtemp(join(root, 'config-')), files);

  it('is tried with a corpus of more than eighty snippets', () => {
    expect(snippets.length).toBeGreaterThan(80);
    expect(new Set(snippets.map(({ title }) => title)).size).toBe(snippets.length);
  });

  withSsh.each(snippets.filter(({ says }) => says.length === 0))(
    'says the same as ssh -G: $title',
    async ({ questions, files }) => {
      const configPath = await written(files);
      expect(questions).not.toEqual([]);
      for (const question of questions) {
        const expected = await ask(configPath, question);
        expect(expected).toHaveProperty('fields');
        expect(await ask(configPath, question, NO_CLIENT)).toEqual(expected);
      }
    },
  );

  it.each(snippets.filter(({ says }) => says.length > 0))(
    'is refused like ssh refuses it: $title',
    async ({ questions, files, says, openFiles }) => {
      const configPath = await written(files);
      for (const name of openFiles) chmodSync(join(configPath, '..', name), 0o666);
      for (const question of questions) {
        const { message, ...answer } = await ask(configPath, question, NO_CLIENT);
        expect(answer['code']).toBe('ssh/unsupported');
        for (const text of says) expect(message).toContain(text);
        if (!hasSsh) continue;
        const expected = await ask(configPath, question);
        expect(answer).toEqual({ code: expected['code'], lines: expected['lines'] });
      }
    },
  );

  withSsh.each(batches)(
    'says the same as ssh -G of configs that nobody would write, of the seeds from $first',
    async ({ first }) => {
      let isRefused = 0;
      for (let seed = first; seed < first + BATCH; seed += 1) {
        const { files, questions } = generateSnippet(seed);
        const configPath = await written(files);
        const config = readFileSync(configPath, 'utf8');
        for (const question of questions) {
          const answer = await ask(configPath, question, NO_CLIENT);
          const { message } = answer;
          const expected = { ...(await ask(configPath, question)), message };
          const asked = { seed, question, config };
          expect({ ...asked, answer }).toEqual({ ...asked, answer: expected });
          if (message !== undefined) isRefused += 1;
        }
      }
      // All of them broken would prove little.
      expect(isRefused).toBeLessThan(BATCH / 2);
    },
  );
});
