/** Holds the licence of every package of the lock file against a list. A new licence is a decision: it goes here. */
import { readFile } from 'node:fs/promises';

/** They ask for attribution at most, and take nothing back of what is built with them. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

/** Tools that are run and never shipped, nor changed here: only that would oblige to anything. */
const allowedForTools = new Map([['axe-core', 'MPL-2.0']]);

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
}

interface OldManifest {
  readonly license?: string | { readonly type?: string };
  /** The form of licences before SPDX expressions. */
  readonly licenses?: readonly { readonly type?: string }[];
}

const root = new URL('../', import.meta.url);
const lock = JSON.parse(await readFile(new URL('package-lock.json', root), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
const counts = new Map<string, number>();
const refused: string[] = [];
for (const [path, { license, dev }] of packages) {
  const expression = license ?? (await toldByManifest(path));
  counts.set(expression, (counts.get(expression) ?? 0) + 1);
  const name = path.replace(/^.*node_modules\//, '');
  const allowedHere = isAllowed(expression) || (dev && allowedForTools.get(name) === expression);
  if (!allowedHere) refused.push(`${name}: ${expression}`);
}

if (refused.length > 0) {
  process.stderr.write(`Licences that nobody has allowed (scripts/licenses.ts):\n${refused.join('\n')}\n`);
  process.exitCode = 1;
} else {
  const summary = [...counts].sort(([, one], [, other]) => other - one).map((entry) => entry.join(' '));
  process.stdout.write(`${packages.length} packages, all licences allowed: ${summary.join(', ')}\n`);
}

/** Any branch of an OR is ours to choose; of an AND all must do. */
function isAllowed(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, '$1');
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((part) => allowed.has(part)));
}

/** The lock file leaves out what is not an SPDX expression. */
async function toldByManifest(path: string): Promise<string> {
  const text = await readFile(new URL(`${path}/package.json`, root), 'utf8').catch(() => '{}');
  const { license, licenses = [] } = JSON.parse(text) as OldManifest;
  if (typeof license === 'string') return license;
  return license?.type ?? licenses.map(({ type }) => type).join(' OR ') ?? '';
}
