import { factoryDroid } from '../subjects/factory-droid.js';
import { contractOf } from './contract.js';

contractOf(factoryDroid);
