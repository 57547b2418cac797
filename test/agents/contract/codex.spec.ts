import { codex } from '../subjects/codex.js';
import { contractOf } from './contract.js';

contractOf(codex);
