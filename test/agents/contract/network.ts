import { networkInterfaces } from 'node:os';

/** Whether this process has no network but loopback: `npm test` gives the real CLIs a namespace where it can. */
export const isAlone = (): boolean =>
  Object.values(networkInterfaces())
    .flat()
    .every((address) => address?.internal === true);

/** For the titles of what would be proved better with a network of its own. */
export const UNCONFINED = isAlone()
  ? ''
  : ' (proxies keep it on loopback, not a network of its own)';
