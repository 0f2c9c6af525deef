/**
 * The client as its user gets it: packed, installed without a network into a project of its own, compiled there under
 * every strictness, and run. Planted: the compiled files left out of the package, a name that only Node.js has, another
 * answer in the README.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Cleanup, suiteCleanup } from '../support/cleanup.ts';
import { engines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const client = join(root, 'clients/typescript');
const binaries = join(root, 'node_modules/.bin');

const strictest = {
  target: 'es2022',
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
};

/** Where the client is meant to run, and what is known there. */
const settings = {
  node: {
    module: 'nodenext',
    lib: ['es2022'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    outDir: 'out',
  },
  browser: { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'], types: [], noEmit: true },
};

suite('client: in a fresh project', () => {
  const cleanup = suiteCleanup();
  let project = '';

  before(async () => {
    project = await installPacked(cleanup);
  });

  test('it compiles for Node.js and for browsers', async () => {
    for (const [name, compilerOptions] of Object.entries(settings)) {
      // A page has no program to run, and no process to read from.
      const files = name === 'node' ? ['main.ts', 'readme.ts'] : ['every-operation.ts'];
      const file = `tsconfig.${name}.json`;
      const config = { compilerOptions: { ...strictest, ...compilerOptions }, files };
      await writeFile(join(project, file), JSON.stringify(config));
      await run(project, 'tsc', ['-p', file]);
    }
  });

  for (const engine of engines) {
    test(`every operation works [${engine}]`, async (context) => {
      const service = await startTestService(context, { engine });
      const printed = await run(project, process.execPath, ['out/main.js', service.url]);
      assert.equal(printed, 'every operation was called\n');
    });

    test(`the example of the README prints what it says [${engine}]`, async (context) => {
      const service = await startTestService(context, { engine });
      const compiled = await readFile(join(project, 'out/readme.js'), 'utf8');
      const program = join(project, `out/readme-${engine}.js`);
      await writeFile(program, compiled.replace('http://127.0.0.1:8080', service.url));
      assert.equal(await run(project, process.execPath, [program]), `${(await readmeExample()).printed}\n`);
    });
  }
});

/** A project that has nothing but the tarball of the client, and the programs of this test. */
async function installPacked(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-client-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true }));
  const [copy, project] = [join(folder, 'client'), join(folder, 'project')];
  await cp(client, copy, { recursive: true, filter: (path) => !path.startsWith(join(client, 'dist')) });
  await run(copy, 'npm', ['pack', '--silent', '--pack-destination', folder]);
  await mkdir(project);
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const { version } = JSON.parse(await readFile(join(client, 'package.json'), 'utf8')) as { version: string };
  const tarball = join(folder, `customers-client-${version}.tgz`);
  await run(project, 'npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', tarball]);
  await writePrograms(project);
  return project;
}

async function writePrograms(project: string): Promise<void> {
  const scenario = await readFile(join(root, 'test/client/every-operation.ts'), 'utf8');
  await writeFile(
    join(project, 'every-operation.ts'),
    scenario.replace('../../clients/typescript/src/index.ts', 'customers-client'),
  );
  await writeFile(
    join(project, 'main.ts'),
    `import { CustomersClient } from 'customers-client';
import { callEveryOperation } from './every-operation.js';

await callEveryOperation(new CustomersClient({ baseUrl: process.argv[2] ?? '' }));
console.log('every operation was called');
`,
  );
  await writeFile(join(project, 'readme.ts'), (await readmeExample()).program);
}

async function readmeExample(): Promise<{ program: string; printed: string }> {
  const readme = await readFile(join(client, 'README.md'), 'utf8');
  const [, program = '', printed = ''] = /^```ts\n(.*?)^```\n\n```text\n(.*?)\n```$/ms.exec(readme) ?? [];
  assert.ok(program !== '' && printed !== '', 'the README has no example');
  return { program, printed };
}

/** What a program prints; what it complains of, when it fails. */
async function run(cwd: string, command: string, given: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH}`, NODE_OPTIONS: '' };
  try {
    return (await promisify(execFile)(command, [...given], { cwd, env, timeout: 120_000 })).stdout;
  } catch (failure) {
    const { stdout, stderr } = failure as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${given.join(' ')}: ${failure}\n${stdout}\n${stderr}`);
  }
}
