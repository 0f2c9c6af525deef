/**
 * docs/rest-microservice.md names only files and tests that exist.
 *
 * Planted, and each failed: another file name, another title, a property without a test.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { proseOf, readPage, repository } from './page-blocks.ts';

const properties = [
  'Stateless',
  'Resources',
  'Uniform interface',
  'Cacheable',
  'Decoupled',
  'Discoverable',
  'Observable',
  'Consistent data across services',
];
const page = readPage('docs/rest-microservice.md');
const sections = new Map(
  proseOf(page)
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
);

suite('docs/rest-microservice.md', () => {
  test('has each property, with its files, its tests and a command to run', () => {
    assert.deepEqual([...sections.keys()], properties);
    for (const [property, text] of sections) {
      assert.match(text, /^\| Files \| /m, `${property} names no file`);
      assert.match(text, /^\| Test \| /m, `${property} names no test`);
    }
    assert.equal([...page.matchAll(/^```sh$/gm)].length, properties.length);
  });

  test('names existing files', (context) => {
    const named = rowsOf('Files').flatMap((row) => [...row.matchAll(/\[`([^`]+)`\]\(\.\.\/([^)]+)\)/g)]);
    for (const [, shown = '', target = ''] of named) {
      assert.equal(shown, target, "the link's text must be its target");
      assert.ok(existsSync(join(repository, target)), target);
    }
    context.diagnostic(`${named.length} files`);
    assert.ok(named.length >= 2 * properties.length);
  });

  test('names existing tests by their titles', (context) => {
    const rows = rowsOf('Test');
    for (const row of rows) {
      const [, shown, target = '', title = ''] = /\[`([^`]+)`\]\(\.\.\/([^)]+)\): "(.+)" \|$/.exec(row) ?? [];
      assert.equal(shown, target, row);
      assert.ok(titlesOf(target).includes(title), `${target} has no test "${title}"`);
    }
    context.diagnostic(`${rows.length} tests`);
    assert.ok(rows.length >= properties.length);
  });
});

function rowsOf(kind: string): string[] {
  return [...page.matchAll(new RegExp(`^\\| ${kind} \\| .*$`, 'gm'))].map(([row]) => row);
}

/** The titles of a file's tests, with … for interpolated values. */
function titlesOf(path: string): string[] {
  const source = readFileSync(join(repository, path), 'utf8');
  const titles = source.matchAll(/\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/g);
  return [...titles].map(([, plain, template = '']) =>
    plain === undefined ? template.replace(/\$\{[^}]*\}/g, '…') : plain.replaceAll("\\'", "'"),
  );
}
