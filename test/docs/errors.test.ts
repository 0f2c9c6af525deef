/** docs/errors.md lists the contract's problem codes, each with its statuses in the contract's examples. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { contract, schemaNamed } from '../../src/contract/document.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d, ]+) \|/gm)].map(([, code = '', statuses = '']) => ({
  code,
  statuses: statuses.split(', ').map(Number),
}));

suite('docs/errors.md', () => {
  test('lists each code of the contract once, in its order', () => {
    const codes = (schemaNamed('ProblemCode') as { readonly 'x-extensible-enum': readonly string[] })[
      'x-extensible-enum'
    ];
    assert.ok(codes.length > 30);
    assert.deepEqual(
      rows.map(({ code }) => code),
      codes,
    );
  });

  test("gives each code the statuses of the contract's examples", () => {
    const declared = new Map<string, Set<number>>();
    for (const { code, status } of exampleProblems(contract)) {
      declared.set(code, (declared.get(code) ?? new Set()).add(status));
    }
    assert.ok(declared.size > 25);
    const expected = rows.map(({ code, statuses }) => ({
      code,
      // Two codes belong to no operation of the contract.
      statuses: declared.has(code) ? [...(declared.get(code) ?? [])].sort() : statuses,
    }));
    assert.deepEqual(rows, expected);
  });
});

interface ProblemExample {
  readonly code: string;
  readonly status: number;
}

/** The problems among all examples of the contract. */
function exampleProblems(node: unknown): ProblemExample[] {
  if (typeof node !== 'object' || node === null) return [];
  const { code, status } = node as Partial<ProblemExample>;
  if (typeof code === 'string' && typeof status === 'number' && 'requestId' in node)
    return [{ code, status }];
  return Object.values(node).flatMap(exampleProblems);
}
