import { acpClaude } from '../subjects/acp-claude.js';
import { contractOf } from './contract.js';

contractOf(acpClaude);
