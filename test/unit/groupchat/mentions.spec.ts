import { describe, expect, it } from '@jest/globals';
import {
  type Mentionable,
  resolveMentions,
} from '../../../src/modules/groupchat/mentions/mentions.js';

const named = (...names: string[]): Mentionable[] =>
  names.map((name) => ({ name, handle: name.replaceAll(/\s+/g, '-') }));

const team = named('Backend', 'Frontend', 'Database (GPU)', 'node.js', 'My App', 'C++', 'Żółw');

const mentioned = (text: string, known = team): string[] => resolveMentions(text, known).mentioned;

describe('A mention', () => {
  it.each([
    ['@Backend please look', ['Backend']],
    ['please look, @Backend', ['Backend']],
    ['ask @Backend.', ['Backend']],
    ['ask @Backend, then @Frontend!', ['Backend', 'Frontend']],
    ['@Backend: do it', ['Backend']],
    ['@Backend? @Frontend; done', ['Backend', 'Frontend']],
    ['(@Backend)', ['Backend']],
    ['"@Backend"', ['Backend']],
    ['@Backend/@Frontend', ['Backend', 'Frontend']],
    ["@Backend’s tests and @Frontend's tests", ['Backend', 'Frontend']],
    ['@Backend… go', ['Backend']],
    ['@Backend—go', ['Backend']],
    ['line one\n@Backend\nline three', ['Backend']],
  ])('ends where punctuation begins: %j', (text, expected) => {
    expect(resolveMentions(text, team)).toEqual({
      mentioned: expected,
      unknown: [],
      ambiguous: [],
    });
  });

  it.each([
    '**@Backend** go',
    '_@Backend_ go',
    '*@Backend*',
    '~~@Backend~~',
    '[@Backend](https://example.com/@Frontend)',
    '@**Backend** go',
    '@_Backend_ go',
    '@[Backend] go',
    '@"Backend" go',
    '- @Backend',
    '> @Backend',
    '| @Backend | x |',
    '# @Backend',
  ])('is found inside Markdown: %j', (text) => {
    expect(resolveMentions(text, team)).toEqual({
      mentioned: ['Backend'],
      unknown: [],
      ambiguous: [],
    });
  });

  it.each([
    ['@Database-(GPU) go', 'Database-(GPU)'],
    ['@Database (GPU) go', 'Database-(GPU)'],
    ['(@Database (GPU))', 'Database-(GPU)'],
    ['ask @node.js.', 'node.js'],
    ['@My App and', 'My-App'],
    ['@my-app and', 'My-App'],
    ['@C++ and', 'C++'],
    ['@C++, and', 'C++'],
  ])('works with parentheses, dots, spaces and signs in the name: %j', (text, handle) => {
    expect(resolveMentions(text, team)).toEqual({
      mentioned: [handle],
      unknown: [],
      ambiguous: [],
    });
  });

  it.each([
    ['@BACKEND', 'Backend'],
    ['＠Backend', 'Backend'],
    ['@Ｂａｃｋｅｎｄ', 'Backend'],
    ['@żółw', 'Żółw'],
    ['@z\u0307o\u0301łw'.normalize('NFD'), 'Żółw'],
  ])('does not depend on case or form of the letters: %j', (text, handle) => {
    expect(mentioned(text)).toEqual([handle]);
  });

  it('folds letters that grow when they are folded', () => {
    expect(mentioned('@STRASSE and @Backend', [...named('Straße'), ...team])).toEqual([
      'Straße',
      'Backend',
    ]);
  });

  it('reads names in scripts that put no space between words', () => {
    const known = named('后端', 'Backend');
    expect(mentioned('请@Backend看一下', known)).toEqual(['Backend']);
    expect(mentioned('请@后端 看一下', known)).toEqual(['后端']);
    expect(mentioned('@Backendさん、お願いします', known)).toEqual(['Backend']);
  });

  it('names everybody once, in the order of the first time', () => {
    expect(mentioned('@Frontend @Backend @frontend @My-App')).toEqual([
      'Frontend',
      'Backend',
      'My-App',
    ]);
  });

  it('means the longest name that fits', () => {
    const known = named('Demo', 'Demo Two', 'Demo-2');
    expect(mentioned('@Demo Two, @Demo-2 and @Demo', known)).toEqual([
      'Demo-Two',
      'Demo-2',
      'Demo',
    ]);
  });

  it('is text like any other: patterns of regular expressions mean nothing', () => {
    expect(mentioned('@a.b @a+b @$& $&', named('a+b', '$&'))).toEqual(['a+b', '$&']);
  });
});

describe('No mention', () => {
  it.each([
    'me@Backend',
    'me@Backend.com',
    'x1@Backend',
    'é@Backend',
    '@@Backend',
    'mail <me@Backend.org>',
  ])('stands inside a word: %j', (text) => {
    expect(resolveMentions(text, team)).toEqual({ mentioned: [], unknown: [], ambiguous: [] });
  });

  it.each([
    '`@Backend`',
    'use `@Backend` here',
    '``code with ` and @Backend``',
    '```\n@Backend\n```',
    '```ts\n@Backend()\nclass A {}\n```\n',
    '~~~\n@Backend\n```\n@Frontend\n~~~',
    '````\n```\n@Backend\n```\n````',
    'text\n```\nnever closed @Backend',
    '`spread over\ntwo lines @Backend`',
    '```\r\n@Backend\r\n```\r\n',
  ])('stands in code: %j', (text) => {
    expect(resolveMentions(text, team)).toEqual({ mentioned: [], unknown: [], ambiguous: [] });
  });

  it.each([
    ['```\ncode\n```\n@Backend', ['Backend']],
    ['a ` lonely backtick @Backend', ['Backend']],
    ['`one` @Backend `two`', ['Backend']],
    ['a ` here\n\n@Backend\n\nand ` there', ['Backend']],
    ['```not a fence``` @Backend', ['Backend']],
    ['`` ` `` @Backend', ['Backend']],
  ])('is hidden by code that is none, or that has ended: %j', (text, expected) => {
    expect(mentioned(text)).toEqual(expected);
  });

  it('stands in a URL', () => {
    expect(mentioned('see https://example.com/@Backend/x and @Frontend')).toEqual(['Frontend']);
  });

  it('is an @ with nothing behind it', () => {
    expect(resolveMentions('@ Backend, @, @- and @', team)).toEqual({
      mentioned: [],
      unknown: [],
      ambiguous: [],
    });
  });
});

describe('What is not certain', () => {
  it.each([
    ['@Nobody please', 'Nobody'],
    ['ask **@Nobody**.', 'Nobody'],
    ['@Backend-two please', 'Backend-two'],
    ['@Backends please', 'Backends'],
    ['@back_end please', 'back_end'],
    ['@Database please', 'Database'],
    ['@node please', 'node'],
    ['@node.json please', 'node.json'],
    ['(@Nobody)', 'Nobody'],
    ['@Nobody’s', 'Nobody'],
  ])('is reported as unknown, not guessed: %j', (text, token) => {
    expect(resolveMentions(text, team)).toEqual({
      mentioned: [],
      unknown: [token],
      ambiguous: [],
    });
  });

  it('is reported once, however often it is written', () => {
    expect(resolveMentions('@Nobody @nobody @Somebody', team).unknown).toEqual([
      'nobody',
      'Somebody',
    ]);
  });

  it('does not hide what is certain', () => {
    expect(resolveMentions('@Nobody and @Backend', team)).toMatchObject({
      mentioned: ['Backend'],
      unknown: ['Nobody'],
    });
  });

  const twins: Mentionable[] = [
    { name: 'My App', handle: 'My-App' },
    { name: 'My App', handle: 'My-App-2' },
  ];

  it('is a name that two share: both are named as candidates', () => {
    expect(resolveMentions('@My App go', twins)).toEqual({
      mentioned: [],
      unknown: [],
      ambiguous: [{ token: 'My App', candidates: ['My-App', 'My-App-2'] }],
    });
  });

  it('is never a handle: handles are unique', () => {
    expect(mentioned('@My-App-2 go', twins)).toEqual(['My-App-2']);
    expect(mentioned('@My-App go', twins)).toEqual(['My-App']);
  });

  it('is not a name that is shared with somebody outside of the chat', () => {
    const known: Mentionable[] = [
      { name: 'Backend', handle: 'Backend' },
      { name: 'Backend', handle: 'Backend-2', outside: true },
    ];
    expect(mentioned('@Backend go', known)).toEqual(['Backend']);
  });

  it('is a name that two share outside of the chat', () => {
    const known: Mentionable[] = [
      { name: 'Backend', handle: 'Backend', outside: true },
      { name: 'Backend', handle: 'Backend-2', outside: true },
    ];
    expect(resolveMentions('@Backend go', known)).toMatchObject({
      mentioned: [],
      ambiguous: [{ token: 'Backend', candidates: ['Backend', 'Backend-2'] }],
    });
  });
});

describe('A large text', () => {
  it('is read in a moment', () => {
    const started = performance.now();
    const text = `${'@Backend `'.repeat(20_000)}${'`'.repeat(20_000)}${'@nobody '.repeat(20_000)}`;
    resolveMentions(text, team);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
