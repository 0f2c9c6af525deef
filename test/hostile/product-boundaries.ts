import type { Boundary } from './boundary-values.ts';

const key = (name: string) => Object.fromEntries([[name, 'v']]);
const nested = (depth: number): unknown => (depth === 0 ? [] : [nested(depth - 1)]);

/** Edge cases of rules that no schema can express, for each body with the member. */
const edges: Readonly<Record<string, readonly unknown[]>> = {
  timeZone: [
    ...['UTC', 'Asia/Kathmandu', 'america/new_york', 'Etc/GMT+12', 'America/Argentina/Buenos_Aires'],
    ...['Europe/Atlantis', 'UTC+1', 'GMT+25', 'Vienna', 'constructor', '__proto__', 'Europe/', 'Etc//UTC'],
  ],
  metadata: [
    ...['a', 'A-z_0.9', 'k'.repeat(40), '__proto__', 'constructor', 'toString', '0', '-', '.'].map(key),
    ...['', 'k'.repeat(41), 'a b', 'a/b', 'a~b', 'ä', 'a\n', '$', 'a\u0000', '\ud800'].map(key),
  ],
  tags: [
    ['a', 'A'],
    ['é', 'e\u0301'],
    ['toString', 'constructor', '__proto__'],
    ['toString', 'toString'],
    ['__proto__', 'x', '__proto__'],
  ],
};

const unstorable = ['a\u0000b', '\u0000', '\ud800', '\udc00', 'a\ude00\ud83d', 'x\ud83d'];
const unstorableValues = [
  ...unstorable,
  ...unstorable.slice(0, 3).flatMap((text) => [`${text}@example.com`, [text], { line1: text }, { k: text }]),
];
const wholes = [null, true, 0, '', 'text', [], [{}], nested(30), nested(40), { name: nested(40) }];
const unknownNames = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', ' name', 'name ', 'NAME'],
  ...['name\u0000', 'id', 'version', 'etag', 'createdAt', 'updatedAt', 'deletedAt', '$ref', 'a/b', 'a~b'],
];

/** Bodies in addition to the schema's limits, made from a valid one. */
export function productBoundaries(
  members: readonly string[],
  valid: Readonly<Record<string, unknown>>,
): Boundary[] {
  const withMember = (name: string, value: unknown) =>
    Object.fromEntries([...Object.entries(valid), [name, value]]);
  const found: Boundary[] = wholes.map((value) => ({ rule: 'another whole', value }));
  for (const name of unknownNames) {
    found.push({ rule: `the member ${JSON.stringify(name)}`, value: withMember(name, 'x') });
  }
  for (const name of members) {
    for (const value of edges[name] ?? [])
      found.push({ rule: `/${name} at its edge`, value: withMember(name, value) });
    for (const value of unstorableValues) {
      found.push({ rule: `/${name} unstorable`, value: withMember(name, value) });
    }
  }
  return found;
}
