import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { claudeEnv, describeClaude } from '../support/agent-clis.js';
import { demoModel } from '../support/demo-model.js';
import { type ModelApi, startModelApi } from '../support/model-api.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 150_000;

describeClaude('The demo with the real Claude Code', (program) => {
  let model: ModelApi;
  let home: string;
  beforeEach(async () => {
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/setup.mjs')]);
    if (status !== 0) throw new Error(stderr.toString());
    model = await startModelApi(demoModel);
    home = await mkdtemp(join(tmpdir(), 'maestro-home-'));
  });
  afterEach(async () => {
    await model.close();
    await rm(home, { recursive: true, force: true });
  });

  it(
    'proves everything that it shows, through a cut link and a killed server',
    async () => {
      const env = claudeEnv(model.url, home);
      const { code, stdout, stderr } = await maestro(
        ['--json', 'demo', '--exit', '--agent', 'claude-code', '--agent-command', program].concat(
          Object.keys(env).flatMap((name) => ['--agent-env', name]),
        ),
        { PATH: process.env['PATH'], TMPDIR: home, LANG: 'C.UTF-8', ...env },
      );
      const told = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { type: string; ok?: boolean; proofs?: object[] });
      expect({ code, wrong: told.filter(({ ok }) => ok === false), stderr }).toMatchObject({
        ...{ code: 0, wrong: [] },
      });
      expect(told.at(-1)).toMatchObject({ type: 'summary', ok: true, agent: 'claude-code' });
      expect(told.at(-1)?.proofs?.length).toBeGreaterThan(15);
    },
    LIMIT_MS,
  );
});

interface End {
  code: number | null;
  stdout: string;
  stderr: string;
}

const maestro = (args: string[], env: NodeJS.ProcessEnv): Promise<End> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli/maestro.js'), ...args], { env });
    const timer = setTimeout(() => child.kill('SIGINT'), LIMIT_MS - 30_000);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
