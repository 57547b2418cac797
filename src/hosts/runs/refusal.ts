import { type DomainError } from '../../platform/errors/domain-error.js';
import { type HostErrorCode, HostFailure } from '../host-errors.js';
import { ChannelLost } from '../shell/channel-lost.js';

/** The error for what a script of a durable run answered instead of doing it. */
export const refusal = (words: readonly string[], hostName: string): DomainError => {
  switch (words.join(' ')) {
    case 'ERR nospace':
      return new HostFailure(
        'host/disk-full',
        `${hostName}: no space left for the files of a run`,
        {
          hint: 'Free some space in the home directory of the user on that host.',
        },
      );
    case 'ERR readonly':
      return new HostFailure(
        'host/not-writable',
        `${hostName}: ~/.maestro/runs cannot be written to`,
        {
          hint: 'Runs keep their output there. Make the home directory of the user writable.',
        },
      );
    case 'ERR launch':
      return new HostFailure(
        'host/unsuitable',
        `${hostName}: no way to start a process that outlives its login`,
        {
          hint: 'Install util-linux (setsid) or perl on that host.',
        },
      );
    case 'ERR pipe':
      return new HostFailure(
        'host/unsuitable',
        `${hostName}: ~/.maestro/runs cannot hold named pipes`,
        {
          hint: 'The home directory must be on a file system that has them, and `mkfifo` be installed.',
        },
      );
    case 'ERR gap':
      return new HostFailure('host/protocol', `${hostName}: input of a run came out of order`);
    case 'ERR closed':
      return new HostFailure('host/protocol', `${hostName}: the run takes no more input`);
    case 'ERR missing':
    case 'ERR short':
      return new ChannelLost(
        'ssh/connection-lost',
        hostName,
        'A run was not started because its files did not arrive',
      );
    case 'BUSY':
      return new HostFailure('host/unsuitable', `${hostName}: the run is still running`, {
        hint: 'Cancel it before its files are removed.',
      });
    default:
      return words[0] === 'WRONGHOST'
        ? new HostFailure(
            'host/unsuitable',
            `${hostName}: the run belongs to another machine, ${words[1] ?? ''}`,
            {
              hint: 'The address of the remote leads to another machine than before.',
            },
          )
        : new HostFailure(
            'host/protocol',
            `${hostName}: an answer that was not expected: ${words.join(' ')}`,
          );
  }
};

/** What a host answers that has not done what it was asked: an answer that nobody understands proves nothing. */
const REFUSALS: readonly HostErrorCode[] = [
  'host/disk-full',
  'host/not-writable',
  'host/unsuitable',
];

/** Whether a start that had been sent and failed like this has, by the word of its host, begun nothing. */
export const isRefusedStart = (error: unknown): boolean =>
  error instanceof HostFailure && REFUSALS.includes(error.code);
