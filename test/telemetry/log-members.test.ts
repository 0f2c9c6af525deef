/** Log members are a closed list; the compiler checks literals, and this test the rest. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import ts from 'typescript';
import type { LogEntry } from '../../src/telemetry/log.ts';
import { nodesOf, type SourceFile, sourceFiles } from '../support/source-files.ts';

/** Why each log member cannot contain text of a person or client. Justify new ones here. */
const reasons: Readonly<Record<keyof LogEntry, string>> = {
  requestId: 'generated, or 1 to 128 of A-Za-z0-9_.:- that the client chose to have logged',
  trace_id: '32 hexadecimal digits',
  span_id: '16 hexadecimal digits',
  operation: 'an operationId of the contract, or other',
  method: 'one that the HTTP parser knows',
  status: 'a number',
  durationMs: 'a number',
  principal: 'the name that an operator gave to a credential',
  code: 'from a closed list',
  reason: 'from a closed list',
  keyId: 'the public part of an API key',
  network: 'an address shortened to its network',
  changes: 'a number',
  customers: 'a number',
  idempotencyKeys: 'a number',
  err: 'only named members, see describeError',
  part: 'from a closed list',
  signal: 'of the operating system',
  url: 'where the service itself listens',
  metricsUrl: 'where the service itself listens',
  version: 'of the service',
  database: 'the engine, without its address',
  validUntil: 'a date of the certificate',
};

const levels = /^(trace|debug|info|warn|error|fatal)$/;

interface LogCall {
  readonly where: string;
  readonly entry: ts.Expression | undefined;
  readonly message: ts.Expression | undefined;
  readonly file: SourceFile;
}

const calls = sourceFiles('src').flatMap((file) =>
  nodesOf(file).flatMap((node): LogCall[] => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
    const { expression: target, name } = node.expression;
    if (!levels.test(name.text) || !/(^|\.)log$/.test(target.getText())) return [];
    const { line } = file.syntax.getLineAndCharacterOfPosition(node.getStart());
    const [entry, message] = node.arguments;
    return [{ where: `${file.path}:${line + 1}`, entry, message, file }];
  }),
);

suite('log members', () => {
  test('every logged member is on the list, spreads included', (t) => {
    const used = new Set(calls.flatMap(({ where, entry, file }) => membersOf(where, entry, file)));
    t.diagnostic(`${calls.length} calls, ${used.size} members`);
    assert.ok(calls.length >= 5, 'the calls were not found');
    assert.deepEqual([...used].sort(), Object.keys(reasons).sort());
  });

  test('every message is a constant text', () => {
    const built = calls.filter(({ message }) => !message || !ts.isStringLiteral(message));
    assert.deepEqual(
      built.map(({ where }) => where),
      [],
    );
  });
});

/** The members of an object literal, or of a constant for one in the same file. */
function membersOf(where: string, node: ts.Expression | undefined, file: SourceFile): string[] {
  if (node && ts.isIdentifier(node)) return membersOf(where, literalNamed(node.text, file), file);
  assert.ok(
    node && ts.isObjectLiteralExpression(node),
    `${where} logs something that is not an object literal`,
  );
  return node.properties.flatMap((property) => {
    if (ts.isSpreadAssignment(property)) return membersOf(where, property.expression, file);
    return [property.name.getText()];
  });
}

function literalNamed(name: string, file: SourceFile): ts.Expression | undefined {
  const declarations = nodesOf(file).filter(ts.isVariableDeclaration);
  return declarations.find((declaration) => declaration.name.getText() === name)?.initializer;
}
