import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type FileStat, type Host } from '../../../src/hosts/index.js';
import { realDirectory } from '../../../src/modules/sessions/drive/real-directory.js';

const hostWith = (links: Record<string, string>) => {
  const stat = jest.fn((path: string) => {
    const realPath = links[path];
    return Promise.resolve(realPath === undefined ? null : ({ realPath } as FileStat));
  });
  return { host: { files: { stat } as unknown as Host['files'] }, stat };
};

describe('Where a directory really is', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is asked of each host once a minute', async () => {
    jest.useFakeTimers();
    const links = { '~/x': '/home/ada/x' };
    const { host, stat } = hostWith(links);
    const other = hostWith({ '~/x': '/home/bob/x' });
    expect(await realDirectory(host, '~/x', undefined)).toBe('/home/ada/x');
    links['~/x'] = '/moved';
    expect(await realDirectory(host, '~/x', undefined)).toBe('/home/ada/x');
    expect(await realDirectory(other.host, '~/x', undefined)).toBe('/home/bob/x');
    expect(stat).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(60_000);
    expect(await realDirectory(host, '~/x', undefined)).toBe('/moved');
  });

  it('is asked again while it is not there', async () => {
    const links: Record<string, string> = {};
    const { host } = hostWith(links);
    expect(await realDirectory(host, '/new', undefined)).toBeNull();
    links['/new'] = '/new';
    expect(await realDirectory(host, '/new', undefined)).toBe('/new');
  });
});
