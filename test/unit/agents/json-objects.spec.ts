import { describe, expect, it } from '@jest/globals';
import { objectsIn, openBrackets } from '../../../src/agents/stream/json-objects.js';

describe('The objects of a line', () => {
  it.each([
    ['{"a":1}', ['{"a":1}']],
    ['{"a":1}{"b":2}', ['{"a":1}', '{"b":2}']],
    ['{"a":{"b":1}} \t {"c":[{}]}\r', ['{"a":{"b":1}}', '{"c":[{}]}']],
    ['{"a":"}{"}', ['{"a":"}{"}']],
    ['{"a":"\\"}{"}{"b":"\\\\"}{}', ['{"a":"\\"}{"}', '{"b":"\\\\"}', '{}']],
    ['{"a":1}{"b":', ['{"a":1}', '{"b":']],
    ['{"a":1}{"b":"}{', ['{"a":1}', '{"b":"}{']],
    ['{"a":1}\u001b[?25h', ['{"a":1}', '\u001b[?25h']],
    ['{"a":1}} {"b":2}', ['{"a":1}', '} {"b":2}']],
    ['\uFEFF\u001b[2J\u001b]0;title\u0007 {"a":1}', ['{"a":1}']],
    ['motd {"a":1}{"b":2}', ['motd {"a":1}{"b":2}']],
    ['[{"a":1}{"b":2}]', ['[{"a":1}{"b":2}]']],
    ['', ['']],
  ])('%j are %j', (line, objects) => {
    expect(objectsIn(line)).toEqual(objects);
  });

  it.each([
    ['{"a":[1,{', 3],
    ['"]}" ]', -1],
    ['"\\\\" [ "\\"]"', 1],
    ['[ "never ends ]', 1],
  ])('%j opens so many brackets: %i', (line, open) => {
    expect(openBrackets(line)).toBe(open);
  });

  it('are found in time that grows with their length alone', () => {
    const long = 'x}{'.repeat(4_000_000);
    const line = `{"a":"${long}"}{"b":"${'\\\\'.repeat(1_000_000)}"}`;
    const started = performance.now();
    expect(objectsIn(line).map(({ length }) => length)).toEqual([long.length + 8, 2_000_008]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
