import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestAnswer } from '../../src/modules/remotes/remotes.schemas.js';
import { type ShownEnvironment } from '../../src/modules/remotes/environment.schemas.js';
import { canMount } from '../support/mounts.js';
import { sshdAvailable, startSshd, type TestSshd } from '../support/sshd.js';
import { remoteBody, SessionsWorld } from './sessions.world.js';

const lack = !sshdAvailable()
  ? 'no sshd on this machine'
  : !canMount() || !existsSync('/bin/bash')
    ? 'no user with another login shell here'
    : null;

(lack === null ? describe : describe.skip)(
  `The environment in which everything on a host runs${lack === null ? '' : ` (skipped: ${lack})`}`,
  () => {
    let world: SessionsWorld;
    let sshd: TestSshd;
    let remoteId: string;
    let tools: string;
    beforeAll(async () => {
      world = await SessionsWorld.open('embedded');
      sshd = await startSshd({ loginShell: '/bin/bash' });
      tools = join(sshd.home, 'tools');
      await mkdir(tools);
      await copyFile(join(world.dir, 'actor'), join(tools, 'my-agent'));
      await profile('');
      const remote = await world.api.post<{ id: string }>('/remotes', remoteBody(sshd, 'other'));
      remoteId = remote.id;
    }, 120_000);
    afterAll(async () => {
      await world.close();
      await sshd.stop();
    });

    const profile = (more: string): Promise<void> =>
      writeFile(
        join(sshd.home, '.bash_profile'),
        `echo hi; export PATH="$HOME/tools:$PATH" API_KEY='it is a s3cret'\n${more}`,
      );
    const environment = (query = ''): Promise<ShownEnvironment> =>
      world.api.get<ShownEnvironment>(`/remotes/${remoteId}/environment${query}`);

    it('is shown: where PATH comes from and which variables there are, never their values', async () => {
      const known = await environment();
      expect(known).toMatchObject({
        hostname: expect.stringMatching(/./),
        os: expect.stringContaining('Linux'),
        shell: '/bin/bash',
        home: sshd.home,
        user: sshd.user,
        warnings: [],
        takenAt: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      expect(known.path[0]).toBe(tools);
      expect(known.sources.loginShell[0]).toBe(tools);
      expect(known.variables).toEqual(expect.arrayContaining(['API_KEY', 'PATH']));
      expect(JSON.stringify(known)).not.toContain('s3cret');
      const local = await world.api.get<ShownEnvironment>('/hosts/local/environment');
      expect(local.path).toEqual(expect.arrayContaining(['/usr/bin']));
      expect(local.hostname).toBe(known.hostname);
    });

    it('is the same for the test of a remote, for detection and for turns', async () => {
      const asked = { agent: 'demo', command: 'my-agent' };
      expect(await world.api.post<TestAnswer>(`/remotes/${remoteId}/test`, asked)).toMatchObject({
        ok: true,
        shell: '/bin/bash',
        agent: { found: true, path: join(tools, 'my-agent') },
      });
      const stage = await world.stage();
      const session = await world.actor('ssh', stage, { remoteId, command: 'my-agent' });
      expect(await world.told(session, 'hello')).toMatchObject({ head: 'hello' });
    });

    it('is asked anew when told to, and says what is wrong with it', async () => {
      const before = await environment();
      await profile('export LATER=1; case $- in *i*) exit 1;; esac');
      const after = await environment('?refresh=true');
      expect(after.variables).toContain('LATER');
      expect(after.warnings).toEqual([expect.stringContaining('ended in its start-up files')]);
      expect(Date.parse(after.takenAt)).toBeGreaterThanOrEqual(Date.parse(before.takenAt));
      expect(await environment()).toEqual(after);
    });

    it('is not known of a remote that there is not, nor by a question that makes no sense', async () => {
      const nowhere = '/remotes/019a0000-0000-7000-8000-00000000000a/environment';
      expect(await world.api.call('GET', nowhere)).toMatchObject({
        status: 404,
        body: { code: 'remotes/not-found' },
      });
      const odd = await world.api.call('GET', `/remotes/${remoteId}/environment?refresh=perhaps`);
      expect(odd).toMatchObject({ status: 422, body: { errors: [{ pointer: '?refresh' }] } });
    });
  },
);
