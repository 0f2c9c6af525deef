/** Rules of the code base that neither the compiler nor the linter checks. */
import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import ts from 'typescript';
import {
  externalImports,
  imports,
  isBuiltin,
  literals,
  localImports,
  nodesOf,
  type SourceFile,
  sourceFiles,
} from './support/source-files.ts';

/** What each folder of `src` may import; anything else is an error. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  generated: [],
  contract: ['generated'],
  domain: ['contract'],
  config: [],
  runtime: [],
  telemetry: ['runtime', 'config'],
  authentication: ['domain', 'config', 'runtime'],
  bulk: ['contract', 'domain'],
  http: ['contract', 'domain', 'bulk', 'telemetry', 'runtime', 'config'],
  storage: ['contract', 'domain', 'telemetry', 'runtime', 'config'],
  service: [
    'contract',
    'domain',
    'authentication',
    'bulk',
    'http',
    'storage',
    'telemetry',
    'runtime',
    'config',
  ],
  cli: [
    'contract',
    'domain',
    'authentication',
    'bulk',
    'storage',
    'telemetry',
    'runtime',
    'config',
    'service',
  ],
  main: ['config', 'cli'],
};

/** The one part that may import a package. Adding a package is a decision that is recorded here. */
const ownerOfPackage: Readonly<Record<string, string>> = {
  // Loaded only with tracing.
  '@opentelemetry/api': 'telemetry',
  '@opentelemetry/exporter-trace-otlp-proto': 'telemetry',
  '@opentelemetry/resources': 'telemetry',
  '@opentelemetry/sdk-trace': 'telemetry',
  ajv: 'bulk',
  commander: 'main',
  cors: 'http',
  'csv-parse': 'bulk',
  'csv-stringify': 'bulk',
  express: 'http',
  'express-openapi-validator': 'http',
  jose: 'authentication',
  knex: 'storage',
  // Not a direct dependency: the validator's own, accessed through it.
  pg: 'storage',
  pino: 'telemetry',
  'pino-pretty': 'telemetry',
  'prom-client': 'telemetry',
  sqlite3: 'storage',
  uuid: 'runtime',
};

/** The domain is pure: it may import only these built-in modules. */
const builtinsOfDomain = ['node:util'];

/** A package has one entry, which re-exports its public names. */
const entryOfClient = 'clients/typescript/src/index.ts';

/** Maximum files in a folder. Migrations are exempt, because they only grow in number. */
const filesPerFolderMax = 12;
const unlimitedFolders = ['src/storage/migrations'];
/** Few files and functions may exceed the usual size, and none the maximum. */
const fileLines = { usual: 350, most: 450, longerShareMax: 0.03 };
const functionLines = { usual: 40, most: 120, longerShareMax: 0.03 };
/** A file this short with one importer belongs in that file; commands are exempt. */
const crumbLinesMax = 15;
const vagueNames = /(^|[-_.])(utils?|helpers?|common|misc|shared)([-_.]|$)/i;

const files = ['src', 'clients/typescript/src', 'scripts', 'test'].flatMap(sourceFiles);
const program = files.filter(({ path }) => path.startsWith('src/'));

suite('architecture', () => {
  test('imports run one way', (context) => {
    const edges = program.flatMap((file) =>
      localImports(file).map((target) => ({
        from: file.path,
        target,
        parts: [partOf(file.path), partOf(target)],
      })),
    );
    const wrong = edges.filter(
      ({ parts: [from = '', to = ''] }) => from !== to && !mayImport[from]?.includes(to),
    );
    context.diagnostic(
      `${program.length} files of src, ${edges.length} imports of ours, ${wrong.length} wrong`,
    );
    assert.ok(edges.length > 100, 'the imports were not found');
    assert.deepEqual(
      wrong.map(({ from, target }) => `${from} imports ${target}`),
      [],
    );
  });

  test('no imports are circular, types included', () => {
    const targets = new Map(program.map((file) => [file.path, localImports(file)]));
    assert.deepEqual(circles(targets), []);
  });

  test('each package is imported by one part only', (context) => {
    const uses = program.flatMap((file) =>
      externalImports(file).map((name) => ({ path: file.path, part: partOf(file.path), name })),
    );
    const wrong = uses.filter(({ name, part }) => ownerOfPackage[name] !== part);
    context.diagnostic(`${uses.length} imports of packages, ${wrong.length} in the wrong part`);
    assert.deepEqual(
      wrong.map(({ path, name }) => `${path} imports ${name}`),
      [],
    );
    assert.deepEqual([...new Set(uses.map(({ name }) => name))].sort(), Object.keys(ownerOfPackage).sort());
  });

  test('the domain is pure', () => {
    const domain = program.filter(({ path }) => partOf(path) === 'domain');
    const used = domain.flatMap((file) => imports(file).filter((name) => isBuiltin(name)));
    assert.deepEqual(
      used.filter((name) => !builtinsOfDomain.includes(name)),
      [],
    );
  });

  test('only main names process.env', () => {
    const readers = program.filter((file) => nodesOf(file).some(readsEnvironment)).map(({ path }) => path);
    assert.deepEqual(readers, ['src/main.ts']);
  });

  test('only storage creates a Rendered', () => {
    const makers = program.filter((file) => nodesOf(file).some(makesRendered)).map(({ path }) => path);
    assert.ok(makers.length > 0, 'nothing creates one');
    assert.deepEqual(
      makers.filter((path) => partOf(path) !== 'storage'),
      [],
    );
  });

  test('there are no default exports, and no file only re-exports', () => {
    const faults = files.flatMap((file) => [
      ...(nodesOf(file).some(isDefaultExport) && file.path !== 'scripts/test/reporter.ts'
        ? [`${file.path} has a default export`]
        : []),
      ...(isBarrel(file) && file.path !== entryOfClient ? [`${file.path} is a barrel`] : []),
    ]);
    assert.deepEqual(faults, []);
  });

  test(`no folder of src has more than ${filesPerFolderMax} files`, () => {
    const counts = new Map<string, number>();
    for (const { path } of program) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    const crowded = [...counts].filter(
      ([folder, count]) => count > filesPerFolderMax && !unlimitedFolders.includes(folder),
    );
    assert.deepEqual(crowded, []);
  });

  test(`few files have more than ${fileLines.usual} lines`, (context) => {
    const lengths = program.map(({ path, lines }) => ({ name: path, lines }));
    assertShort(context, 'files', lengths, fileLines);
  });

  test(`few functions have more than ${functionLines.usual} lines`, (context) => {
    const lengths = program.flatMap((file) =>
      nodesOf(file)
        .filter(isFunctionWithBody)
        .map((node) => ({
          name: `${node.name?.getText() ?? 'a function'} in ${file.path}`,
          lines: node.getText().split('\n').length,
        })),
    );
    assertShort(context, 'functions', lengths, functionLines);
  });

  test('a short file with one importer is part of that file', () => {
    const importers = new Map<string, Set<string>>();
    for (const file of program) {
      for (const target of localImports(file)) {
        const known = importers.get(target) ?? new Set();
        importers.set(target, known.add(file.path));
      }
    }
    const crumbs = program.filter(
      ({ path, lines }) =>
        lines <= crumbLinesMax &&
        importers.get(path)?.size === 1 &&
        ![...unlimitedFolders, 'src/cli'].includes(dirname(path)),
    );
    assert.deepEqual(
      crumbs.map(({ path }) => path),
      [],
    );
  });

  test('every file name says what the file contains', () => {
    const names = files.flatMap(({ path }) => path.split('/').slice(1));
    assert.deepEqual(
      names.filter((name) => vagueNames.test(name)),
      [],
    );
  });
});

/** `http` for all of `src/http/`, `config` for `src/config/config.ts`, `generated` for generated code. */
function partOf(path: string): string {
  const [root = '', part = ''] = path.split('/');
  return root === 'src' ? basename(part, '.ts') : root;
}

interface Length {
  readonly name: string;
  readonly lines: number;
}

function assertShort(
  context: TestContext,
  what: string,
  lengths: readonly Length[],
  { usual, most, longerShareMax }: { usual: number; most: number; longerShareMax: number },
): void {
  const sorted = [...lengths].sort((one, other) => one.lines - other.lines);
  const longer = sorted.filter(({ lines }) => lines > usual);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.lines;
  context.diagnostic(
    `${sorted.length} ${what}: median ${at(0.5)} lines, p90 ${at(0.9)}, most ${at(1)}, over ${usual}: ${longer.length}`,
  );
  const named = longer.map(({ name, lines }) => `${name}: ${lines} lines`);
  assert.deepEqual(
    named.filter((_, index) => (longer[index]?.lines ?? 0) > most),
    [],
  );
  assert.ok(longer.length <= sorted.length * longerShareMax, named.join('\n'));
}

function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

/** Every import cycle, as the path from a file back to itself. */
function circles(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

/** Detects `process.env` in any spelling, and `process` destructured or imported to reach `env`. */
function readsEnvironment(node: ts.Node): boolean {
  const isProcess = (candidate: ts.Node | undefined) => candidate?.getText() === 'process';
  if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env';
  if (ts.isElementAccessExpression(node)) return isProcess(node.expression);
  if (ts.isVariableDeclaration(node)) return isProcess(node.initializer);
  return (
    ts.isImportDeclaration(node) &&
    literals(node.moduleSpecifier).some((name) => /^(node:)?process$/.test(name))
  );
}

/** Detects a call of `markRendered`, or a cast with the same effect. */
function makesRendered(node: ts.Node): boolean {
  if (ts.isCallExpression(node)) return node.expression.getText().endsWith('markRendered');
  return ts.isAsExpression(node) && /\bRendered\b/.test(node.type.getText());
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  return (
    ts.canHaveModifiers(node) &&
    !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
  );
}

function isBarrel({ path, syntax }: SourceFile): boolean {
  if (/(^|\/)index\.[cm]?[jt]s$/.test(path)) return true;
  return (
    syntax.statements.length > 0 &&
    syntax.statements.every((each) => ts.isExportDeclaration(each) && each.moduleSpecifier)
  );
}
