import { acpOpenCode } from '../subjects/acp-opencode.js';
import { contractOf } from './contract.js';

contractOf(acpOpenCode);
