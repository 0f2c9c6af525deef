/** The walks of CONTRIBUTING.md: each stop names a function that its file exports, and a walk has at most 15 stops. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import ts from 'typescript';
import { nodesOf, sourceFiles } from '../support/source-files.ts';

const page = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
const [, section = ''] = /\n## Four walks through the code\n(.*?)\n## /s.exec(page) ?? [];
const walks = section.split('\n### ').slice(1);
const files = new Map(sourceFiles('src').map((file) => [file.path, file]));
const stopsMax = 15;

suite('walks of CONTRIBUTING.md', () => {
  test('there are four', () => assert.equal(walks.length, 4));

  for (const walk of walks) {
    const [title = '', ...lines] = walk.split('\n');
    test(`${title}: every stop exists`, () => {
      const stops = lines.filter((line) => /^\d+\. /.test(line));
      assert.ok(stops.length >= 5 && stops.length <= stopsMax, `${stops.length} stops`);
      for (const stop of stops) {
        const named = [...stop.matchAll(/`(\w+)` in `(src\/[^`]+)`/g)];
        assert.ok(named.length > 0, `names no function: ${stop}`);
        for (const [, name = '', path = ''] of named)
          assert.ok(exportsOf(path).has(name), `${path} does not export ${name}`);
      }
    });
  }
});

function exportsOf(path: string): Set<string> {
  const file = files.get(path);
  assert.ok(file, `${path} does not exist`);
  const names = nodesOf(file).flatMap((node) => {
    const isNamed =
      ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isVariableDeclaration(node);
    return isNamed && node.name && ts.isIdentifier(node.name) ? [node.name.text] : [];
  });
  return new Set(names);
}
