import { acpCodex } from '../subjects/acp-codex.js';
import { contractOf } from './contract.js';

contractOf(acpCodex);
