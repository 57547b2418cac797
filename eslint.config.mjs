import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'test/fixtures/', '.cache/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Nest calls async methods of interfaces that need no await; the rule says nothing about correctness.
      '@typescript-eslint/require-await': 'off',
      // Nest's own options types are classes; options objects are how they are meant to be given.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Read the environment in platform/config only.',
        },
      ],
    },
  },
  {
    files: [
      'src/platform/config/**',
      'test/**',
      'bench/**',
      'src/cli/**',
      'src/agents/demo/program/**',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
);
