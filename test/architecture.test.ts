/** Holds the code to the house rules that neither the compiler nor the linter knows. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { suite, test } from 'node:test';
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

/** Which parts of the code a part may import, beside itself. What is not listed is forbidden. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  generated: [],
  contract: ['generated'],
  domain: ['contract'],
  config: [],
  // Credentials: what they are made of, and whose they are. http knows only the domain's port.
  authentication: ['domain', 'config'],
  operations: [],
  // How customers look in NDJSON and CSV, for requests and for files alike.
  transfer: ['contract', 'domain'],
  // The two meet at the domain's ports, and nowhere else.
  http: ['contract', 'domain', 'transfer', 'operations', 'config'],
  storage: ['contract', 'domain', 'operations', 'config'],
  service: ['contract', 'domain', 'authentication', 'http', 'storage', 'operations', 'config'],
  // A command of the program is one of these parts, or several, for a person at a shell.
  commands: [
    'contract',
    'domain',
    'authentication',
    'transfer',
    'storage',
    'operations',
    'config',
    'service',
  ],
  main: ['config', 'commands'],
};

/** The one part that may import a package. A new package is a decision: it is written down here. */
const ownerOfPackage: Readonly<Record<string, string>> = {
  // Loaded only where traces are asked for.
  '@opentelemetry/api': 'operations',
  '@opentelemetry/exporter-trace-otlp-proto': 'operations',
  '@opentelemetry/resources': 'operations',
  '@opentelemetry/sdk-trace': 'operations',
  ajv: 'transfer',
  commander: 'main',
  cors: 'http',
  'csv-parse': 'transfer',
  'csv-stringify': 'transfer',
  express: 'http',
  'express-openapi-validator': 'http',
  jose: 'authentication',
  knex: 'storage',
  // No dependency of ours: the validator's own, reached through it.
  pg: 'storage',
  pino: 'operations',
  'pino-pretty': 'operations',
  'prom-client': 'operations',
  sqlite3: 'storage',
  uuid: 'operations',
};

/** The domain is pure: of Node's own modules it has only those that touch nothing. */
const builtinsOfDomain = ['node:util'];

const linesMax = 250;
const namesThatSayNothing = /(^|[-_.])(utils?|helpers?|common|misc|shared)([-_.]|$)/i;

const files = ['src', 'scripts', 'test'].flatMap(sourceFiles);
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

  test('no imports go in a circle, types included', () => {
    const targets = new Map(program.map((file) => [file.path, localImports(file)]));
    assert.deepEqual(circles(targets), []);
  });

  test('each package has one part that imports it', (context) => {
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

  test('only storage makes a Rendered', () => {
    const makers = program.filter((file) => nodesOf(file).some(makesRendered)).map(({ path }) => path);
    assert.ok(makers.length > 0, 'nobody makes one');
    assert.deepEqual(
      makers.filter((path) => partOf(path) !== 'storage'),
      [],
    );
  });

  test('nothing is a default export, and no file only passes on what others export', () => {
    const faults = files.flatMap((file) => [
      ...(nodesOf(file).some(isDefaultExport) ? [`${file.path} has a default export`] : []),
      ...(isBarrel(file) ? [`${file.path} is a barrel`] : []),
    ]);
    assert.deepEqual(faults, []);
  });

  test(`no file has more than ${linesMax} lines`, (context) => {
    const lengths = program.map(({ lines }) => lines).sort((one, other) => one - other);
    const median = lengths[Math.floor(lengths.length / 2)];
    context.diagnostic(`src: ${lengths.length} files, median ${median} lines, longest ${lengths.at(-1)}`);
    assert.deepEqual(
      files.filter(({ lines }) => lines > linesMax).map(({ path }) => path),
      [],
    );
  });

  test('every name says what is in the file', () => {
    const names = files.flatMap(({ path }) => path.split('/').slice(1));
    assert.deepEqual(
      names.filter((name) => namesThatSayNothing.test(name)),
      [],
    );
  });
});

/** `http` for all of `src/http/`, `config` for `src/config.ts`, `generated` for what the contract is made into. */
function partOf(path: string): string {
  const [root = '', part = ''] = path.split('/');
  return root === 'src' ? basename(part, '.ts') : root;
}

/** Every circle as the path from a file back to itself. */
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

/** `process.env` in any spelling, or `process` taken apart or imported so that `env` could come out of it. */
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

/** A call of `markRendered`, or a cast that does the same behind its back. */
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
