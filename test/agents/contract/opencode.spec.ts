import { openCode } from '../subjects/opencode.js';
import { contractOf } from './contract.js';

contractOf(openCode);
