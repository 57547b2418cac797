import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProcessEnd, type TurnFailure } from '../../../src/agents/adapter.js';
import { processFailure } from '../../../src/agents/failures/process-failure.js';

const failureOf = (end: Partial<ProcessEnd>): TurnFailure | null =>
  processFailure(
    { label: 'Box', program: 'box' },
    { exitCode: 127, signal: null, stderrTail: '', hostName: 'build-7', ...end },
  );

describe('A program that its host has looked for in vain', () => {
  it.each([
    ['box', 'agent/command-not-found', 'box was not found in the login PATH of build-7'],
    ['/opt/my: tools/box', 'agent/binary-not-found', 'Box is not at /opt/my: tools/box on build-7'],
    ['~/bin/box', 'agent/binary-not-found', 'Box is not at ~/bin/box on build-7'],
  ])('and that is called %s is %s', (program, code, message) => {
    const stderrTail = `x: command not found\nmesg: ttyname failed\n${program}: command not found\n`;
    expect(failureOf({ stderrTail, isMissing: true })).toMatchObject({ code, message });
  });

  it('is not there, whatever became of what was said of it', () => {
    expect(failureOf({ isMissing: true })).toMatchObject({ code: 'agent/command-not-found' });
  });
});

/** Each is what `/bin/sh` is on some system. */
const SHELLS = ['dash', 'bash', 'busybox', 'ksh'].filter(
  (name) => spawnSync(name, ['-c', ':']).error === undefined,
);

describe.each(SHELLS)('What %s says of a program that it is to start', (shell) => {
  let root: string;
  const put = (name: string, content: string, mode = 0o755): void => {
    writeFileSync(join(root, name), content);
    chmodSync(join(root, name), mode);
  };
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'maestro-start-'));
    put('closed', '#!/bin/sh\n', 0o644);
    put('orphan', '#!/opt/nowhere/python\n');
    put('modern', '#!/usr/bin/env no-such-node\n');
    put('lacking', '#!/bin/sh\necho working\nno-such-jq .\n');
    put('wrapper', '#!/bin/sh\nexec no-such-node x\n');
    put('policed', '#!/bin/sh\necho "permission denied by policy" >&2\nexit 126\n');
    put('talking', '#!/bin/sh\necho "/opt/x: command not found" >&2\nexit 127\n');
  });
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });
  /** As the supervisor of a run starts it. */
  const start = (name: string): TurnFailure | null => {
    const { status, stderr } = spawnSync(shell, ['-s', join(root, name)], {
      ...{ argv0: '/bin/sh', encoding: 'utf8' },
      input: '( exec "$@" </dev/null ); exit $?\n',
    });
    return failureOf({ exitCode: status ?? -1, stderrTail: stderr });
  };

  it.each([
    ['closed', 'agent/permission-denied', /may not be executed on build-7: .*closed/],
    ['orphan', 'agent/interpreter-missing', /the interpreter that its first line names/],
    ['modern', 'agent/interpreter-missing', /no-such-node, which it runs on, was not found/],
  ])('that is %s is why it did not start', (name, code, message) => {
    expect(start(name)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    ['lacking', /exited with code 127: .*no-such-jq/],
    ['wrapper', /exited with code 127: .*no-such-node/],
    ['policed', /exited with code 126: permission denied by policy$/],
    ['talking', /exited with code 127: \/opt\/x: command not found$/],
  ])('is not taken from one that is %s and has started', (name, message) => {
    expect(start(name)).toMatchObject({
      code: 'agent/crashed',
      message: expect.stringMatching(message),
    });
  });
});
