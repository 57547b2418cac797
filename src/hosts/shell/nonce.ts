import { randomBytes } from 'node:crypto';

/** 16 hex digits that nothing on the host can foresee: they mark our own words among any output. */
export const newNonce = (): string => randomBytes(8).toString('hex');
