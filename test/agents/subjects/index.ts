import { type Subject } from '../contract/subject.js';
import { acpClaude } from './acp-claude.js';
import { acpCodex } from './acp-codex.js';
import { acpCopilot } from './acp-copilot.js';
import { acpGemini } from './acp-gemini.js';
import { acpOpenCode } from './acp-opencode.js';
import { claudeCode } from './claude-code.js';
import { codex } from './codex.js';
import { copilot } from './copilot-cli.js';
import { customClaude } from './custom-claude.js';
import { customDroid } from './custom-droid.js';
import { factoryDroid } from './factory-droid.js';
import { geminiCliSubject } from './gemini-cli.js';
import { openCode } from './opencode.js';
import { qwen } from './qwen.js';

/** Every agent that the contract is held against. */
export const SUBJECTS: readonly Subject[] = [
  claudeCode,
  codex,
  copilot,
  geminiCliSubject,
  openCode,
  factoryDroid,
  qwen,
  customClaude,
  customDroid,
  acpClaude,
  acpCodex,
  acpCopilot,
  acpGemini,
  acpOpenCode,
];
