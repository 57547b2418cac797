import { acpGemini } from '../subjects/acp-gemini.js';
import { contractOf } from './contract.js';

contractOf(acpGemini);
