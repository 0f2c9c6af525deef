/** The prose linter reads every kind of text, and only text. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { lintProse } from '../scripts/prose/lint.ts';

const words = [{ pattern: /\bgoes on\b/, instead: 'continues' }];

/** A path, then a text with the rejected words on line 2. */
const rejected: Readonly<Record<string, readonly [path: string, text: string]>> = {
  'a line comment': ['src/a.ts', 'const a = 1;\n// It goes on.'],
  'a comment at the end of a line': ['src/a.ts', '\nconst a = 1; // goes on'],
  'a docstring': ['test/a.ts', '/** One.\n * Goes on. */\nexport const a = 1;'],
  'words on two lines of a comment': ['scripts/a.ts', '\n// It goes\n// on.'],
  'a comment in a block': ['src/a.ts', 'if (a) {\n  // It goes on.\n}'],
  'a message': ['src/a.ts', "fail(\n'The import goes on here.');"],
  'a message with values': ['src/a.ts', 'fail(\n`The import goes on $' + '{here} or there.`);'],
  'a test title': ['test/a.test.ts', "\ntest('it goes on', () => {});"],
  'the title of a subtest': ['test/a.test.ts', "\nawait t.test('it goes on', () => {});"],
  'the title of a suite': ['test/a.test.ts', "\ndescribeEngines('it goes on', () => {});"],
  'a sentence of Markdown': ['docs/a.md', '# Title\nIt goes on, `code`.'],
  'a description of the contract': ['openapi.yaml', 'info:\n  description: It goes on.'],
  'a long description of the contract': ['openapi.yaml', 'description: >\n  It goes\n  on.'],
  'a summary of the contract': ['openapi.yaml', 'get:\n  summary: Goes on'],
};

const accepted: Readonly<Record<string, readonly [path: string, text: string]>> = {
  'a comment without such a word': ['src/a.ts', '// It continues.'],
  'a name of code': ['src/a.ts', 'const on = 1;\n// it goes\nrun(on);'],
  'code in a comment': ['src/a.ts', '// `goes on` is code.'],
  'a short string': ['src/a.ts', "const state = 'goes on';"],
  'a statement of SQL': ['src/storage/a.ts', "const sql = 'SELECT what goes on FROM a';"],
  'a string in a test': ['test/a.test.ts', "test('a', () => say('It goes on and on.'));"],
  'the value in a message': ['src/a.ts', 'fail(`The state is now $' + "{'goes on'}.`);"],
  'a block of code': ['docs/a.md', 'Text.\n\n```sh\necho goes on\n```\n'],
  'inline code, a comment and a target': ['docs/a.md', '`goes on` <!-- goes on --> [a](goes-on.md)'],
  'a path': ['docs/a.md', 'See docs/it-goes/on.md.'],
  'an example of the contract': ['openapi.yaml', 'example: It goes on.\ndescription: None.'],
};

suite('prose linter', () => {
  for (const [name, [path, text]] of Object.entries(rejected)) {
    test(`rejects words in ${name}`, () => {
      const found = lintProse(path, text, words);
      assert.deepEqual(
        found.map(({ line, word, instead }) => [line, word.toLowerCase(), instead]),
        [[2, 'goes on', 'continues']],
      );
    });
  }

  for (const [name, [path, text]] of Object.entries(accepted)) {
    test(`accepts ${name}`, () => {
      assert.deepEqual(lintProse(path, text, words), []);
    });
  }
});
