/** What may be logged is a closed list; the compiler holds literals to it, and this test what it cannot see. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import ts from 'typescript';
import type { LogEntry } from '../../src/telemetry/log.ts';
import { nodesOf, type SourceFile, sourceFiles } from '../support/source-files.ts';

/** Why each member of a log line holds nothing that a person or their client wrote. A new one is judged here. */
const reasons: Readonly<Record<keyof LogEntry, string>> = {
  requestId: 'ours, or 1 to 128 of A-Za-z0-9_.:- that the client chose to have logged',
  trace_id: '32 hexadecimal digits',
  span_id: '16 hexadecimal digits',
  operation: 'an operationId of the contract, or other',
  method: 'one that the parser knows',
  status: 'a number',
  durationMs: 'a number',
  principal: 'the name that an operator gave to a credential',
  code: 'out of a closed list',
  reason: 'out of a closed list',
  keyId: 'the part of an API key that opens nothing',
  network: 'an address cut to its network',
  changes: 'a number',
  customers: 'a number',
  idempotencyKeys: 'a number',
  err: 'named members only, see describeError',
  part: 'out of a closed list',
  signal: 'of the operating system',
  url: 'where the service itself listens',
  metricsUrl: 'where the service itself listens',
  version: 'of the service',
  database: 'the engine, without its address',
  validUntil: 'a time of the certificate',
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
  test('every member that is logged is on the list, spreads included', (t) => {
    const used = new Set(calls.flatMap(({ where, entry, file }) => membersOf(where, entry, file)));
    t.diagnostic(`${calls.length} calls, ${used.size} members`);
    assert.ok(calls.length >= 5, 'the calls were not found');
    assert.deepEqual([...used].sort(), Object.keys(reasons).sort());
  });

  test('every message is a text of ours, with nothing put into it', () => {
    const built = calls.filter(({ message }) => !message || !ts.isStringLiteral(message));
    assert.deepEqual(
      built.map(({ where }) => where),
      [],
    );
  });
});

/** The members of an object literal, or of the constant that names one in the same file. */
function membersOf(where: string, node: ts.Expression | undefined, file: SourceFile): string[] {
  if (node && ts.isIdentifier(node)) return membersOf(where, literalNamed(node.text, file), file);
  assert.ok(node && ts.isObjectLiteralExpression(node), `${where} logs what is no object literal`);
  return node.properties.flatMap((property) => {
    if (ts.isSpreadAssignment(property)) return membersOf(where, property.expression, file);
    return [property.name.getText()];
  });
}

function literalNamed(name: string, file: SourceFile): ts.Expression | undefined {
  const declarations = nodesOf(file).filter(ts.isVariableDeclaration);
  return declarations.find((declaration) => declaration.name.getText() === name)?.initializer;
}
