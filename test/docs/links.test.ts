/**
 * Every link on every page has a target.
 *
 * Planted, and each failed: a missing file, an anchor for another heading, a heading inside a code block, a
 * script that package.json lacks, a page missing from the index.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { suite, test } from 'node:test';
import { allPages, proseOf, readPage, repository } from './page-blocks.ts';

const { scripts } = JSON.parse(readPage('package.json')) as { scripts: Record<string, string> };
const pages = allPages();
const wrong = (faults: readonly string[]) => assert.equal(faults.length, 0, faults.join('\n'));

suite('links of all pages', () => {
  test('every relative link has a target, anchors too', (context) => {
    const links = pages.flatMap(linksOf);
    wrong(
      links.flatMap(({ page, target }) => (leadsSomewhere(page, target) ? [] : `${page} links to ${target}`)),
    );
    context.diagnostic(`${links.length} links of ${pages.length} pages`);
    assert.ok(links.length > 100);
  });

  test('every script that a page names exists', (context) => {
    const named = pages.flatMap((page) =>
      [...readPage(page).matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name = '']) => ({
        page,
        name,
      })),
    );
    wrong(named.flatMap(({ page, name }) => (scripts[name] ? [] : `${page} names npm run ${name}`)));
    context.diagnostic(`${named.length} scripts named`);
  });

  test('the index of the guide lists every page of docs/', () => {
    const linked = linksOf('docs/README.md').map(({ target }) => `docs/${target.split('#')[0]}`);
    const missing = pages.filter((page) => /^docs\/[\w-]+\.md$/.test(page) && page !== 'docs/README.md');
    wrong(missing.filter((page) => !linked.includes(page)).map((page) => `docs/README.md lacks ${page}`));
  });
});

/** Links and images outside code blocks, except those to other sites. */
function linksOf(page: string): { page: string; target: string }[] {
  const prose = proseOf(readPage(page)).replace(/`[^`\n]*`/g, '');
  const found = prose.matchAll(/\]\(([^)\s]+)\)/g);
  return [...found]
    .map(([, target = '']) => ({ page, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(repository, file))) return false;
  return anchor === undefined || anchorsOf(readPage(file)).includes(anchor);
}

/** The anchors of a page's headings, generated like GitHub's: repeated ones get a number. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => {
    const anchor = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}
