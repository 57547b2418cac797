import { qwen } from '../subjects/qwen.js';
import { contractOf } from './contract.js';

contractOf(qwen);
