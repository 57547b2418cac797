/** The tests from outside run what users run: `dist`, built from the sources of now. */
export { setUp as default } from '../../scripts/setup.mjs';
