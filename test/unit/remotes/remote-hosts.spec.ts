import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Config } from '../../../src/platform/config/index.js';
import { type HostKeys } from '../../../src/modules/remotes/host-keys.js';
import { RemoteHosts } from '../../../src/modules/remotes/remote-hosts.js';
import { type RemoteStates } from '../../../src/modules/remotes/remote-states.js';
import { type RemoteTargets } from '../../../src/modules/remotes/remote-targets.js';
import { untried } from '../../../src/modules/remotes/remote.js';
import { type RemoteRow } from '../../../src/modules/remotes/storage/remote.entity.js';
import { type RemotesRepository } from '../../../src/modules/remotes/storage/remotes.repository.js';

const state = untried();
const row = (id: string, change: Partial<RemoteRow> = {}): RemoteRow => ({
  ...{ id, name: id, host: 'box', port: 22, username: null, privateKeyPath: null },
  ...{ privateKey: null, passphrase: null, workingDirectory: null, env: '', envNames: [] },
  ...{ enabled: true, useSshConfig: false, hostKeyPolicy: 'accept-new', isDefault: false },
  ...{ hostKey: null, offeredHostKey: null, hopKeys: {}, hostKeyLines: [] },
  ...{ state, createdAt: new Date(0), updatedAt: new Date(0) },
  ...change,
});

describe('The hosts in use, while others change the remotes', () => {
  let kept: Map<string, RemoteRow>;
  /** Called when rows were read and are not yet there. */
  let onTheWay: () => Promise<void>;
  let hosts: RemoteHosts;
  beforeEach(() => {
    kept = new Map();
    onTheWay = async () => undefined;
    const remotes = {
      find: async (id: string) => kept.get(id) ?? null,
      findAll: async (ids: readonly string[]) => {
        const rows = ids.flatMap((id) => kept.get(id) ?? []);
        await onTheWay();
        return rows;
      },
      used: async () => undefined,
    } as unknown as RemotesRepository;
    const states = {
      ...{ withdraw: async () => undefined, unsay: () => undefined, retract: () => undefined },
    } as unknown as RemoteStates;
    const config = { localEnvironment: {} } as unknown as Config;
    const nobody = {} as unknown as RemoteTargets & HostKeys;
    hosts = new RemoteHosts(remotes, nobody, nobody, states, config);
  });

  it('keep the one that came into use while the rows of the others were read', async () => {
    kept.set('one', row('one'));
    kept.set('two', row('two'));
    await hosts.resolve('one');
    onTheWay = async () => {
      await hosts.resolve('two');
    };
    await hosts.refresh();
    expect(hosts.remotesInUse()).toEqual(['one', 'two']);
    const two = await hosts.resolve('two');
    expect(hosts.retirementOf(two).aborted).toBe(false);
  });

  it('follow the newest settings, and no row that was read before them', async () => {
    kept.set('one', row('one'));
    const first = await hosts.resolve('one');
    onTheWay = async () => {
      kept.set('one', row('one', { host: 'moved', updatedAt: new Date(1) }));
      await hosts.resolve('one');
    };
    await hosts.refresh();
    expect(hosts.retirementOf(first).aborted).toBe(true);
    const [moved] = hosts.inUse();
    expect(moved).not.toBe(first);
    expect(await hosts.resolve('one')).toBe(moved);
  });

  it('let go of one that was deleted', async () => {
    kept.set('one', row('one'));
    const first = await hosts.resolve('one');
    kept.clear();
    await hosts.refresh();
    expect(hosts.remotesInUse()).toEqual([]);
    expect(hosts.retirementOf(first).aborted).toBe(true);
  });
});
