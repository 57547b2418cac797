import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { type Host } from '../../src/hosts/host.js';
import { commandsConformance } from './conformance/commands.js';
import { filesConformance } from './conformance/files.js';
import { runEndConformance } from './conformance/run-end.js';
import { runInputConformance } from './conformance/run-input.js';
import { runOutputConformance } from './conformance/run-output.js';
import { type HostUnderTest, type Subject } from './conformance/subject.js';

export { type HostUnderTest } from './conformance/subject.js';

/** The contract of `Host` as a test. The host must run on this machine, as the user of the tests, with a home of its own. */
export const hostConformance = (name: string, open: () => Promise<HostUnderTest>): void => {
  describe(`A host by ${name}`, () => {
    let subject: Subject;
    let host: Host;

    beforeAll(async () => {
      const under = await open();
      ({ host } = under);
      subject = { ...under, home: (await host.environment()).home };
    });
    afterAll(async () => {
      await subject.close();
    });

    it('knows its environment', async () => {
      const environment = await host.environment({ refresh: true });
      expect(environment.path.split(':')).toContain('/usr/bin');
      expect(environment.os).toContain('Linux');
      expect(environment.shell).toMatch(/^\//);
      const { stdout } = await host.run({
        argv: ['sh', '-c', 'uname -n; echo "$HOME"; echo "$PATH"'],
      });
      expect(stdout.toString().trimEnd().split('\n')).toEqual([
        environment.hostname,
        environment.home,
        environment.path,
      ]);
    });

    commandsConformance(() => subject);
    filesConformance(() => subject);
    runOutputConformance(() => subject);
    runInputConformance(() => subject);
    runEndConformance(() => subject);
  });
};
