import { customClaude } from '../subjects/custom-claude.js';
import { contractOf } from './contract.js';

contractOf(customClaude);
