import { acpCopilot } from '../subjects/acp-copilot.js';
import { contractOf } from './contract.js';

contractOf(acpCopilot);
