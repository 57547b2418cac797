import { describe, it } from '@jest/globals';
import { findDropbear, startDropbear } from '../support/dropbear.js';
import { canMount } from '../support/mounts.js';
import { overSsh } from './conformance/over-ssh.js';
import { hostConformance } from './host.conformance.js';

const lacks =
  findDropbear() === null
    ? 'no Dropbear on this machine'
    : canMount()
      ? null
      : 'Dropbear would use the real home directory: no mounts of its own for it here';

if (lacks === null) {
  hostConformance('ssh to Dropbear', overSsh(startDropbear));
} else {
  describe('ssh to Dropbear', () => {
    it.skip(`conforms (skipped: ${lacks})`, () => undefined);
  });
}
