import { customDroid } from '../subjects/custom-droid.js';
import { contractOf } from './contract.js';

contractOf(customDroid);
