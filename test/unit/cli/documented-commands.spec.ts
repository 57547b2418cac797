import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXIT } from '../../../src/cli/exit-codes.js';
import { FakeServer, maestro } from './fake-server.js';

const pages = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter(
  (name) => name.endsWith('.md'),
);

/** Lines such as `echo 'Why?' | maestro send api -   # a remark`, by what follows `maestro`. */
const commandsIn = (page: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^(?:[^|\n`]*\| )?maestro ([^\n#]+)/gm)].map(
    ([, command = '']) => command.trim(),
  );

const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

describe('A command line in the documentation', () => {
  let server: FakeServer;
  beforeAll(async () => {
    server = await FakeServer.start();
  });
  afterAll(() => server.stop());

  it.each(pages.flatMap(commandsIn))('is one that there is: maestro %s', async (command) => {
    const { exitCode, stderr } = await maestro(server, wordsOf(command), { stdin: 'Why?' });
    expect({ isUsageError: exitCode === EXIT.usage, stderr }).toMatchObject({
      isUsageError: false,
    });
  });
});
