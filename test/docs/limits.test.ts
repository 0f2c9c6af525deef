/** docs/limits.md agrees with the code, and lists every limit. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import ts from 'typescript';
import { type Setting, settings } from '../../src/config/settings.ts';
import { contract } from '../../src/contract/document.ts';
import { type SourceFile, sourceFiles } from '../support/source-files.ts';

interface Row {
  readonly what: string;
  readonly limit: string;
  readonly place: string;
}

const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| What '))
  .map((line): Row => {
    const [, what = '', limit = '', place = ''] = line.split('|').map((cell) => cell.trim());
    return { what, limit, place };
  });

const files = sourceFiles('src');
/** Constants and settings with these names are limits. */
const limitName = /(Max|TimeoutMs|TtlMs)$/;
const limitSetting = /(_MAX|_MS|_SIZE)$/;

/** Internal limits that callers cannot reach. */
const inner: Readonly<Record<string, string>> = {
  'portMax in src/http/middleware/request-line.ts': 'the range of port numbers',
  'unboundedAcquireMs in src/storage/sqlite/driver.ts': 'for commands, which wait without limit',
};

suite('limits', () => {
  test('each limit of the table matches the code', (t) => {
    for (const row of rows) {
      if (row.limit === 'see the contract') continue;
      assert.equal(numberIn(row.limit), valueAt(row.place), `${row.what}: ${row.place}`);
    }
    t.diagnostic(`${rows.length} limits`);
    assert.ok(rows.length > 30);
  });

  test('every constant that is a limit is listed', () => {
    const places = rows.map(({ place }) => place.replaceAll('`', ''));
    const constants = files.flatMap((file) =>
      numbersOf(file).map(([name]) => ({ name, place: `${name} in ${file.path}` })),
    );
    const missing = constants.filter(
      ({ name, place }) => limitName.test(name) && !places.includes(place) && !(place in inner),
    );
    assert.deepEqual(
      missing.map(({ place }) => place),
      [],
    );
  });

  test('every setting that is a limit is listed', () => {
    const places = rows.map(({ place }) => place.replaceAll('`', ''));
    const names = settings.map(({ name }): string => name).filter((name) => limitSetting.test(name));
    assert.ok(names.length >= 6);
    assert.deepEqual(
      names.filter((name) => !places.includes(name)),
      [],
    );
  });
});

/** The number in a cell, in the code's unit: milliseconds for times. */
function numberIn(cell: string): number {
  const [, digits = '', unit = ''] = /^([\d,]+)(?: (\w+))?/.exec(cell) ?? [];
  const units: Readonly<Record<string, number>> = { s: 1000, h: 3_600_000 };
  return Number(digits.replaceAll(',', '')) * (units[unit] ?? 1);
}

function valueAt(place: string): unknown {
  const [, name = '', path] = /^`([^`]+)`(?: in `([^`]+)`)?$/.exec(place) ?? [];
  if (path === undefined) return Number(settings.find((setting: Setting) => setting.name === name)?.fallback);
  if (path === 'openapi.yaml') return atPointer(name);
  const file = files.find((candidate) => candidate.path === path);
  return file && new Map(numbersOf(file)).get(name);
}

function atPointer(pointer: string): unknown {
  const names = pointer.split('/').slice(1);
  return names.reduce<unknown>(
    (value, name) => (value as Record<string, unknown>)[name.replaceAll('~1', '/')],
    contract,
  );
}

/** The numeric constants of a file, including products of numbers. */
function numbersOf({ syntax }: SourceFile): [string, number][] {
  return syntax.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) =>
    declarationList.declarations.flatMap(({ name, initializer }): [string, number][] => {
      const value = numberOf(initializer);
      return value === undefined ? [] : [[name.getText(syntax), value]];
    }),
  );
}

function numberOf(node: ts.Expression | undefined): number | undefined {
  if (!node) return undefined;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.AsteriskToken)
    return undefined;
  const [left, right] = [numberOf(node.left), numberOf(node.right)];
  return left === undefined || right === undefined ? undefined : left * right;
}
