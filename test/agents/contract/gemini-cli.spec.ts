import { geminiCliSubject } from '../subjects/gemini-cli.js';
import { contractOf } from './contract.js';

contractOf(geminiCliSubject);
