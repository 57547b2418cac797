/** Native ESM through swc; `scripts/test.mjs` and `npm run jest` start Jest with --experimental-vm-modules. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};
const tier = (name, extra = {}) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.spec.ts`],
  ...extra,
});

export default {
  projects: [
    tier('unit'),
    tier('hosts'),
    tier('integration'),
    tier('agents'),
    tier('chaos', { globalSetup: '<rootDir>/test/support/built.setup.mjs' }),
    tier('e2e', { globalSetup: '<rootDir>/test/support/built.setup.mjs' }),
  ],
  testTimeout: 120_000,
  maxWorkers: '100%',
};
