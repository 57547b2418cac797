/** Native ESM through swc; `scripts/test.mjs` and `npm run jest` start Jest with --experimental-vm-modules. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Programs of others, which may be half unpacked.
  modulePathIgnorePatterns: ['<rootDir>/.cache/', '<rootDir>/dist/'],
};
const REAL = { setupFilesAfterEnv: ['<rootDir>/test/support/second-try.mjs'] };
const BUILT = { ...REAL, globalSetup: '<rootDir>/test/support/built.setup.mjs' };
const tier = (name, extra = {}) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.spec.ts`],
  ...extra,
});

export default {
  projects: [
    tier('unit'),
    tier('hosts', REAL),
    tier('integration', REAL),
    tier('agents', REAL),
    tier('chaos', BUILT),
    tier('e2e', BUILT),
  ],
  testTimeout: 120_000,
  maxWorkers: '100%',
};
