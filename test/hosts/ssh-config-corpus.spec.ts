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
const GENERATED = 150;

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

  // Another seed: SSH_CONFIG_SEED=7 npm run jest -- test/hosts/ssh-config-corpus
  const firstSeed = Number(process.env['SSH_CONFIG_SEED'] ?? 1);
  const generated = Array.from({ length: GENERATED }, (_, index) => firstSeed + index);

  withSsh('says the same as ssh -G of configs that nobody would write', async () => {
    let isRefused = 0;
    for (const seed of generated) {
      const { files, questions } = generateSnippet(seed);
      const configPath = await written(files);
      for (const question of questions) {
        const answer = await ask(configPath, question, NO_CLIENT);
        const { message } = answer;
        const expected = { ...(await ask(configPath, question)), message };
        const config = readFileSync(configPath, 'utf8');
        expect({ seed, question, config, answer }).toEqual({
          seed,
          question,
          config,
          answer: expected,
        });
        if (message !== undefined) isRefused += 1;
      }
    }
    // Neither all of them broken nor all of them right: both would prove little.
    expect(isRefused).toBeGreaterThan(GENERATED / 50);
    expect(isRefused).toBeLessThan(GENERATED / 2);
  });
});
