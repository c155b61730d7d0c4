/** What the compiler can't see: hooks, signals, disposables, untranslated strings, `any`. */
import jupyter from '@jupyter/eslint-plugin';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['labextension/lib/**', 'labextension/src/api/schema.ts'] },
  ...tseslint.configs.recommended,
  reactHooks.configs.flat['recommended-latest'],
  { plugins: { jupyter } },
  ...jupyter.configs.recommended,
  {
    files: ['labextension/src/**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { project: './tsconfig.test.json' } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      'react-hooks/exhaustive-deps': 'error',
      // No compiler runs over these components, so what it would skip does not matter.
      'react-hooks/incompatible-library': 'off',
      // The whole extension is a few dozen kB (npm run size); one request is the fastest.
      'jupyter/prefer-lazy-imports': 'off',
      eqeqeq: 'error'
    }
  }
);
