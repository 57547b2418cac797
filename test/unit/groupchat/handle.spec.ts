import { describe, expect, it } from '@jest/globals';
import { handleOf, Handles } from '../../../src/modules/groupchat/mentions/handle.js';
import { resolveMentions } from '../../../src/modules/groupchat/mentions/mentions.js';

describe('A handle', () => {
  it.each([
    ['My App', 'My-App'],
    ['  My \t App ', 'My-App'],
    ['Backend (GPU)', 'Backend-(GPU)'],
    ['me@home', 'me-home'],
    ['Ｆｕｌｌ', 'Full'],
    ['@', 'agent'],
    ['   ', 'agent'],
  ])('is the name in one word: %j', (name, handle) => {
    expect(handleOf(name)).toBe(handle);
  });

  it('is unique in its chat, whatever the case', () => {
    const handles = new Handles(['Backend']);
    expect(handles.take('backend')).toBe('backend-2');
    expect(handles.take('BACKEND')).toBe('BACKEND-3');
    expect(handles.take('Backend-2')).toBe('Backend-2-2');
  });

  it.each(['Dr. No', 'a:b', '*star*', 'x_', "O'Brien", '.hidden', '日本 語', '🚀 ship', '[x] {y}'])(
    'addresses its owner: %j',
    (name) => {
      const handle = new Handles([]).take(name);
      const known = [{ name, handle }];
      expect(resolveMentions(`please @${handle}, go`, known).mentioned).toEqual([handle]);
      expect(resolveMentions(`please @${name}, go`, known).mentioned).toEqual([handle]);
    },
  );
});
