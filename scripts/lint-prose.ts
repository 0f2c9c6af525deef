/** Lints the words of the repository: `npm run lint:prose [-- <part of a path> ...]`. The list is `prose/words.ts`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lintProse } from './prose/lint.ts';
import { rejectedWords } from './prose/words.ts';

const folders = ['src', 'scripts', 'test', 'clients', 'docs'];
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'openapi.yaml'];

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const paths = [...folders.flatMap(proseFiles), ...pages].filter(
  (path) => wanted.length === 0 || wanted.some((part) => path.includes(part)),
);

let count = 0;
for (const path of paths) {
  for (const { line, word, instead } of lintProse(
    path,
    readFileSync(join(root, path), 'utf8'),
    rejectedWords,
  )) {
    process.stdout.write(`${path}:${line}: "${word}": write ${instead} instead\n`);
    count += 1;
  }
}
process.stdout.write(`${paths.length} files, ${count} rejected words\n`);
process.exitCode = count > 0 || paths.length === 0 ? 1 : 0;

function proseFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .filter((path) => /\.(?:ts|md)$/.test(path) && !path.includes('/node_modules/'));
}
