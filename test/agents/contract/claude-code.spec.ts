import { claudeCode } from '../subjects/claude-code.js';
import { contractOf } from './contract.js';

contractOf(claudeCode);
