import { jest } from '@jest/globals';

/**
 * Tests of real processes, links and clocks get a second try. One that needed it is named by `scripts/test.mjs` as flaky:
 * that is a defect, of the test or of the product, to be found and mended like any other.
 */
jest.retryTimes(1, { logErrorsBeforeRetry: true });
