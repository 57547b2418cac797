import { describe, expect, it } from '@jest/globals';
import { parseChecklist, resetChecklist } from '../../../src/modules/autorun/checklist.js';

const boxes = (markdown: string): [string, boolean][] =>
  parseChecklist(markdown).tasks.map(({ text, checked }) => [text, checked]);

describe('the tasks of a document', () => {
  it.each([
    ['- [ ] a'],
    ['* [ ] a'],
    ['+ [ ] a'],
    ['      - [ ] a'],
    ['\t- [ ] a'],
    ['- [] a'],
    ['- [   ] a'],
    ['- [\t] a'],
    ['-[ ] a'],
    ['- [ ]a'],
    ['\uFEFF- [ ] a'],
    ['- [ ] a   '],
  ])('are open with a blank box: %j', (line) => {
    expect(boxes(line)).toEqual([['a', false]]);
  });

  it.each([['- [x] a'], ['* [X] a'], ['+ [✓] a'], ['- [✔] a'], ['- [✔️] a'], ['  - [ x ] a']])(
    'are done with a mark in the box: %j',
    (line) => {
      expect(boxes(line)).toEqual([['a', true]]);
    },
  );

  it.each([
    ['1. [ ] a'],
    ['> - [ ] a'],
    ['| - [ ] a |'],
    ['- [ ]'],
    ['- [ ]   '],
    ['- [-] a'],
    ['- [xx] a'],
    ['[ ] a'],
    ['text - [ ] a'],
    ['- [link](x) [ ] a'],
  ])('are not found in %j', (line) => {
    expect(boxes(line)).toEqual([]);
  });

  it('do not swallow the next line when a box has no text', () => {
    expect(boxes('- [ ]\n- [ ] b')).toEqual([['b', false]]);
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('are counted with %s line ends', (_name, end) => {
    const { tasks, done, open } = parseChecklist(['# t', '- [x] a', '  - [ ] b', ''].join(end));
    expect(tasks).toEqual([
      { line: 2, text: 'a', checked: true },
      { line: 3, text: 'b', checked: false },
    ]);
    expect({ done, open }).toEqual({ done: 1, open: 1 });
  });

  it('are read in a document of many blanks without trouble', () => {
    const line = `- [${' '.repeat(50_000)}] ${' '.repeat(50_000)}`;
    const started = performance.now();
    expect(boxes(`${line}\n<!-- maestro:halt:${' '.repeat(50_000)}`)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('a fenced block', () => {
  it.each([
    ['backticks', '```\n- [ ] in\n```\n- [ ] out'],
    ['tildes', '~~~\n- [ ] in\n~~~\n- [ ] out'],
    ['an info string', '```md title\n- [ ] in\n```\n- [ ] out'],
    ['an indent', '  - item\n    ```\n    - [ ] in\n    ```\n- [ ] out'],
    ['a longer closing run', '```\n- [ ] in\n`````\n- [ ] out'],
    ['the other fence inside', '~~~\n```\n- [ ] in\n~~~\n- [ ] out'],
    ['a shorter run inside', '````\n```\n- [ ] in\n```\n````\n- [ ] out'],
    ['a run with text inside', '```\n``` not the end\n- [ ] in\n```\n- [ ] out'],
  ])('with %s hides its boxes', (_name, markdown) => {
    expect(boxes(markdown)).toEqual([['out', false]]);
  });

  it('that is never closed hides the rest', () => {
    expect(boxes('- [ ] a\n```\n- [ ] b\n~~~\n- [ ] c')).toEqual([['a', false]]);
  });

  it('is not opened by code in a line, nor by two backticks', () => {
    expect(boxes('```js``` is code\n``\n- [ ] a')).toEqual([['a', false]]);
  });

  it('is not an indented block: its boxes count', () => {
    expect(boxes('    - [ ] a')).toEqual([['a', false]]);
  });
});

describe('the halt marker', () => {
  it.each([
    ['<!-- maestro:halt -->', null],
    ['<!--MAESTRO:HALT-->', null],
    ['<!-- maestro:halt: done: all of it -->', 'done: all of it'],
    ['text <!-- x --> <!-- Maestro:Halt : why --> text', 'why'],
  ])('is found in %j', (line, reason) => {
    expect(parseChecklist(`a\n${line}`).halt).toEqual({ line: 2, reason });
  });

  it.each([
    ['`<!-- maestro:halt -->`'],
    ['```\n<!-- maestro:halt -->\n```'],
    ['<!-- maestro:halting -->'],
    ['<!-- maestro:halt'],
    ['<!-- see maestro:halt -->'],
  ])('is not found in %j', (markdown) => {
    expect(parseChecklist(markdown).halt).toBeNull();
  });
});

describe('the human gate', () => {
  const GATE = '<!-- MAESTRO:HITL reason="look at it" artifact="x.png" -->';

  it('stands before the first open task below it', () => {
    expect(parseChecklist(`- [x] a\n${GATE}\ntext\n- [ ] b\n- [ ] c`).gate).toEqual({
      line: 2,
      reason: 'look at it',
      task: 'b',
    });
  });

  it('needs no reason', () => {
    expect(parseChecklist('<!-- maestro:hitl -->\n- [ ] b').gate).toMatchObject({ reason: null });
  });

  it.each([
    ['behind the first open task', `- [ ] a\n${GATE}\n- [ ] b`],
    ['consumed by a done task', `${GATE}\n- [x] a\n- [ ] b`],
    ['without an open task', `- [x] a\n${GATE}`],
    ['in a fence', `\`\`\`\n${GATE}\n\`\`\`\n- [ ] a`],
  ])('does not hold when it is %s', (_name, markdown) => {
    expect(parseChecklist(markdown).gate).toBeNull();
  });
});

describe('a reset', () => {
  it('opens every task and keeps everything else', () => {
    const document = '# [x]\r\n- [x] a [x]\r  * [ ✔ ] b\n```\n- [x] example\n```\n- [ ] c';
    expect(resetChecklist(document)).toBe(
      '# [x]\r\n- [ ] a [x]\r  * [ ] b\n```\n- [x] example\n```\n- [ ] c',
    );
  });
});
