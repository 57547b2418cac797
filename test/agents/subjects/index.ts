import { type Subject } from '../contract/subject.js';
import { claudeCode } from './claude-code.js';
import { codex } from './codex.js';

/** Every agent that the contract is held against. */
export const SUBJECTS: readonly Subject[] = [claudeCode, codex];
