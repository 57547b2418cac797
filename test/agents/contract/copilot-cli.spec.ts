import { copilot } from '../subjects/copilot-cli.js';
import { contractOf } from './contract.js';

contractOf(copilot);
