const js = require('@eslint/js');

const node = Object.fromEntries(
  ['require', 'module', 'process', '__dirname', 'console', 'setInterval'].map((name) => [name, 'readonly']),
);
const jest = { test: 'readonly', expect: 'readonly' };
const browser = { document: 'readonly', fetch: 'readonly', setInterval: 'readonly' };

module.exports = [
  js.configs.recommended,
  { files: ['**/*.js'], languageOptions: { sourceType: 'commonjs', globals: node } },
  { files: ['test/**'], languageOptions: { globals: { ...node, ...jest } } },
  { files: ['public/**'], languageOptions: { sourceType: 'script', globals: browser } },
];
