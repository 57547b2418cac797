import { type Host } from '../host.js';
import { ShellHost } from '../shell/shell-host.js';
import { LocalChannels, type LocalChannelsOptions } from './local-channels.js';

/** This machine as a host; pass the server's environment, of which only a few harmless variables are used. */
export const localHost = (options: LocalChannelsOptions = {}): Host =>
  new ShellHost({
    id: 'local',
    kind: 'local',
    name: 'local',
    channels: new LocalChannels(options),
  });
