import { HostFailure } from '../host-errors.js';
import { type RunKey } from '../host.js';

export const checkKey = ({ id, nonce }: RunKey): void => {
  checkId(id);
  if (!/^[0-9a-f]{16}$/.test(nonce)) {
    throw new HostFailure('host/protocol', `Not the nonce of a run: ${id}`);
  }
};

/** An id becomes part of scripts and of file names. */
export const checkId = (id: string): void => {
  if (!/^[A-Za-z0-9_-]{8,64}$/.test(id)) {
    throw new HostFailure('host/protocol', `Not an id of a run: ${id}`);
  }
};
