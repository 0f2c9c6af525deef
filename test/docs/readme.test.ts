/**
 * README.md and the table of settings agree with the repository. test/docs/examples.test.ts runs the
 * examples.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Setting, settings } from '../../src/config/settings.ts';
import { blocksOf } from './page-blocks.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** A longer README is not read; details belong in docs/. */
const linesMax = 300;

suite('README', () => {
  test('the table of docs/settings.md matches src/config/config.ts', async () => {
    const page = await readFile(join(root, 'docs/settings.md'), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    assert.equal(rows.join('\n'), settings.map(settingRow).join('\n'));
  });

  test('the quick start is two commands', () => {
    const commands = blocksOf(section('Quick start').join('\n')).map(({ text }) => text);
    assert.deepEqual(commands, ['npm ci && npm start', 'npm ci && npm test']);
    assert.ok(scripts.start && scripts.test);
  });

  test('the layout lists existing folders, and all of them', async (context) => {
    const lines = section('Layout').filter((line) => line !== '');
    const named = [...lines.join('\n').matchAll(/`([\w./-]+)`/g)].map(([, path = '']) => path);
    assert.equal(lines.filter((line) => line.startsWith('- ')).length, 3);
    for (const path of named) assert.ok(existsSync(join(root, path)), `${path} does not exist`);
    const folders = await readdir(join(root, 'src'), { withFileTypes: true });
    for (const folder of folders.filter((entry) => entry.isDirectory())) {
      assert.ok(named.includes(`src/${folder.name}/`), `src/${folder.name}/ is not listed`);
    }
    context.diagnostic(`${named.length} paths`);
  });

  test(`it has at most ${linesMax} lines`, (context) => {
    const { length } = readme.trimEnd().split('\n');
    context.diagnostic(`${length} lines`);
    assert.ok(length <= linesMax);
  });
});

/** The lines under a second-level heading. */
function section(title: string): string[] {
  const lines = readme.split('\n');
  const start = lines.indexOf(`## ${title}`);
  assert.ok(start >= 0, `README.md has no section ${title}`);
  const end = lines.findIndex((line, index) => index > start && line.startsWith('## '));
  return lines.slice(start + 1, end === -1 ? undefined : end);
}

function settingRow({ name, fallback, description, example }: Setting): string {
  const value = (text: string) => (text === '' ? 'not set' : `\`${text}\``);
  return `| \`${name}\` | ${value(fallback)} | ${description} | ${value(example)} |`;
}
