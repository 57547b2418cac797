import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { listSshConfigHosts } from '../../src/hosts/ssh/ssh-config/ssh-config-hosts.js';
import { NO_CLIENT } from '../support/ssh-config-corpus.js';

const hasSsh = spawnSync('ssh', ['-V']).error === undefined;
const READERS = [
  ...(hasSsh ? [{ reader: 'read by ssh', sshPath: 'ssh' }] : []),
  { reader: 'read without an ssh client', sshPath: NO_CLIENT },
];

describe.each(READERS)(
  `The list of hosts of an ssh config, $reader${hasSsh ? '' : ' (no ssh client on this machine)'}`,
  ({ sshPath }) => {
    let dir: string;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'maestro-ssh-listing-'));
    });
    afterAll(async () => {
      await rm(dir, { recursive: true });
    });

    const list = async (content: string): ReturnType<typeof listSshConfigHosts> => {
      const configPath = join(dir, 'config');
      await writeFile(configPath, content);
      return listSshConfigHosts({ configPath, sshPath });
    };
    const namesIn = async (content: string): Promise<string[]> =>
      (await list(content)).hosts.map(({ host }) => host);

    it('holds each name once, and no patterns', async () => {
      expect(
        await namesIn(
          'Host one two one\nHost * !three web?\n  User x\nHost two four # five\nhost=six\n',
        ),
      ).toEqual(['one', 'two', 'four', 'six']);
    });

    it('sums up how a host is reached', async () => {
      const { username, homedir } = userInfo();
      const { hosts } = await list(
        [
          'Host plain\n',
          'Host gpu\n  HostName gpu.example.com\n  User admin\n  Port 2222\n  IdentityFile ~/.ssh/gpu\n  ProxyJump bastion\n',
          'Host six\n  HostName 2001:db8::1\n  User root\n',
        ].join(''),
      );
      expect(hosts.map(({ summary }) => summary)).toEqual([
        `${username}@plain`,
        'admin@gpu.example.com:2222 via bastion',
        'root@2001:db8::1',
      ]);
      expect(hosts[1]).toEqual({
        host: 'gpu',
        hostName: 'gpu.example.com',
        port: 2222,
        user: 'admin',
        identityFile: join(homedir, '.ssh/gpu'),
        proxyJump: 'bastion',
        summary: 'admin@gpu.example.com:2222 via bastion',
      });
    });

    it('leaves out names that no host can have', async () => {
      expect(await namesIn('Host -oProxyCommand=id "two words" a;b $(id) good\n')).toEqual([
        'good',
      ]);
    });

    it('does not mind line ends of Windows', async () => {
      const { hosts, error } = await list('Host one\r\n  HostName 10.0.0.1\r\n  Port 2201\r\n');
      expect(error).toBeUndefined();
      expect(hosts).toMatchObject([{ host: 'one', hostName: '10.0.0.1', port: 2201 }]);
    });

    it('goes through included files, and not in circles', async () => {
      const [first, second] = [join(dir, 'first.conf'), join(dir, 'second.conf')];
      await writeFile(first, `Host included\nInclude ${second}\n`);
      await writeFile(second, 'Host deeper included\n');
      expect(await namesIn(`Host one\nInclude ${first} ${dir}/missing-*\nHost two\n`)).toEqual([
        'one',
        'included',
        'deeper',
        'two',
      ]);
      await writeFile(second, `Host deeper\nInclude ${first}\n`);
      expect(await list(`Include ${first}\n`)).toMatchObject({
        hosts: [],
        error: { message: expect.stringContaining('Too many recursive configuration includes') },
      });
    });

    it('is empty, with file and line of the mistake, when the config is broken', async () => {
      const { hosts, error } = await list('Host one two three\n  Port 70000\nHost four\n');
      expect(hosts).toEqual([]);
      expect(error).toMatchObject({
        code: 'ssh/unsupported',
        message: expect.stringContaining(`${dir}/config line 2: Bad port '70000'.`),
      });
    });

    it('keeps the hosts that can be resolved beside one that cannot', async () => {
      const { hosts, error } = await list('Host a b\nHost bad\n  HostName %z\nHost c\n');
      expect(hosts.map(({ host }) => host)).toEqual(['a', 'b', 'c']);
      expect(error).toMatchObject({ message: expect.stringContaining('unknown key %z') });
    });

    it('says that an included file may be written by others', async () => {
      const open = join(dir, 'open.conf');
      await writeFile(open, 'Host open\n');
      chmodSync(open, 0o666);
      const { error } = await list(`Include ${open}\nHost one\n`);
      expect(error?.message).toContain(`Bad owner or permissions on ${open}`);
    });

    it('is empty for what is not a file', async () => {
      const configPath = join(dir, 'directory');
      mkdirSync(configPath);
      expect(await listSshConfigHosts({ configPath, sshPath })).toEqual({
        path: configPath,
        hosts: [],
      });
    });

    it('has hundreds of hosts without a process for each', async () => {
      const count = 400;
      const blocks = Array.from(
        { length: count },
        (_, index) =>
          `Host host${String(index)}\n  HostName 10.0.0.1\n  Port ${String(index + 1)}\n`,
      );
      const { hosts, error } = await list(`${blocks.join('')}Host *\n  User everyone\n`);
      expect(error).toBeUndefined();
      expect(hosts).toHaveLength(count);
      expect(hosts.at(-1)).toMatchObject({ host: 'host399', port: 400, user: 'everyone' });
    });

    it('takes the mistake of a config with thousands of hosts at once', async () => {
      const names = Array.from({ length: 3000 }, (_, index) => `host${String(index)}`);
      const { hosts, error } = await list(`Host ${names.join(' ')}\n  Port nope\n`);
      expect(hosts).toEqual([]);
      expect(error?.message).toContain("line 2: Bad port 'nope'.");
    });

    it('runs nothing for the sake of names', async () => {
      const touched = join(dir, 'touched');
      await namesIn(`Host $(touch\${IFS}${touched}) \`touch\${IFS}${touched}\` one\n`);
      expect(existsSync(touched)).toBe(false);
    });
  },
);
