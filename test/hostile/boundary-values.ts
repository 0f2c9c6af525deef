import fc from 'fast-check';
import { type RuleSchema, validValue, violationsOf } from '../conformance/violations.ts';
import { faultsOf, resolved } from '../support/contract-document.ts';

/** A value at or just beyond a limit of its schema, with the rule. */
export interface Boundary {
  readonly rule: string;
  readonly value: unknown;
}

/** Values on both sides of every limit of a schema. The oracle decides which are valid. */
export function boundariesOf(reference: RuleSchema): Boundary[] {
  const schema = resolved<RuleSchema>(reference);
  const outside = violationsOf(schema).map(({ rule, value, pointer }) => ({
    rule: `${pointer} breaks ${rule}`,
    value,
  }));
  return [...validBoundaries(schema), ...outside];
}

function validBoundaries(reference: RuleSchema): Boundary[] {
  const schema = resolved<RuleSchema>(reference);
  const found: Boundary[] = [{ rule: 'example', value: validValue(schema) }];
  if (schema.nullable) found.push({ rule: 'null', value: null });
  for (const value of schema.enum ?? []) found.push({ rule: `enum ${value}`, value });
  switch (schema.type) {
    case 'string':
      found.push(...textBoundaries(schema));
      break;
    case 'boolean':
      found.push({ rule: 'true', value: true }, { rule: 'false', value: false });
      break;
    case 'integer':
      if (schema.minimum !== undefined) found.push({ rule: 'minimum', value: schema.minimum });
      if (schema.maximum !== undefined) found.push({ rule: 'maximum', value: schema.maximum });
      break;
    case 'array':
      found.push(...listBoundaries(schema));
      break;
    case 'object':
      found.push(...objectBoundaries(schema));
  }
  return found;
}

/** Four bytes in UTF-8, two units in UTF-16, one character in the contract. */
const face = '\u{1f600}';

function textBoundaries(schema: RuleSchema): Boundary[] {
  const found: Boundary[] = [];
  const { minLength = 0, maxLength } = schema;
  for (const [rule, length] of [
    ['minLength', minLength],
    ['maxLength', maxLength],
  ] as const) {
    if (length === undefined) continue;
    for (const filler of ['a', '7', 'é', face]) {
      const value = textOfLength(schema, length, filler);
      if (value !== undefined) found.push({ rule: `${rule} in ${JSON.stringify(filler)}`, value });
    }
    found.push({ rule: `over ${rule} in faces`, value: face.repeat(length + 1) });
  }
  const samples = matchingTexts(schema);
  if (samples.length > 0) {
    found.push(
      { rule: 'shortest match', value: samples[0] },
      { rule: 'longest match', value: samples.at(-1) },
    );
  }
  return found;
}

/** A valid text of this many characters, built from the schema's example or the filler. */
function textOfLength(schema: RuleSchema, length: number, filler: string): string | undefined {
  const example = [...String(validValue(schema))];
  const missing = length - example.length;
  const stretched = example.map((_, at) =>
    [...example.slice(0, at), filler.repeat(Math.max(0, missing)), ...example.slice(at)].join(''),
  );
  return [filler.repeat(length), ...stretched].find(
    (text) => [...text].length === length && faultsOf(schema, text).length === 0,
  );
}

/** Texts generated from the pattern that satisfy the rest of the schema, shortest first. */
function matchingTexts(schema: RuleSchema): string[] {
  if (!schema.pattern) return [];
  const texts = fc.sample(fc.stringMatching(new RegExp(schema.pattern, 'u')), { numRuns: 100, seed: 1 });
  return texts
    .filter((text) => faultsOf(schema, text).length === 0)
    .sort((one, other) => one.length - other.length);
}

function listBoundaries(schema: RuleSchema): Boundary[] {
  const items = resolved<RuleSchema>(schema.items ?? {});
  const { minItems = 0, maxItems } = schema;
  const distinct = itemsOf(items, Math.max(minItems, maxItems ?? 0));
  const found: Boundary[] = [{ rule: 'minItems', value: distinct.slice(0, minItems) }];
  if (maxItems !== undefined && distinct.length >= maxItems) {
    found.push({ rule: 'maxItems', value: distinct.slice(0, maxItems) });
  }
  found.push({ rule: 'an item twice', value: [distinct[0], distinct[0]] });
  return [
    ...found,
    ...validBoundaries(items).map(({ rule, value }) => ({ rule: `item ${rule}`, value: [value] })),
  ];
}

function itemsOf(items: RuleSchema, count: number): unknown[] {
  if (!items.pattern || items.minLength) return Array.from({ length: count }, (_, index) => `item ${index}`);
  const texts = fc.sample(fc.stringMatching(new RegExp(items.pattern, 'u')), { numRuns: count * 2, seed: 1 });
  return [...new Set(texts)].slice(0, count);
}

function objectBoundaries(schema: RuleSchema): Boundary[] {
  const members = Object.entries(schema.properties ?? {});
  const least = Object.fromEntries(
    (schema.required ?? []).map((name) => [name, validValue(schema.properties?.[name] ?? {})]),
  );
  const all = Object.fromEntries(members.map(([name, member]) => [name, validValue(member)]));
  const found: Boundary[] = [
    { rule: 'only required members', value: least },
    { rule: 'every member', value: all },
  ];
  for (const [name, member] of members) {
    for (const { rule, value } of validBoundaries(member)) {
      found.push({ rule: `/${name} ${rule}`, value: { ...least, [name]: value } });
    }
  }
  return [...found, ...mapBoundaries(schema)];
}

function mapBoundaries({ additionalProperties, maxProperties = 0 }: RuleSchema): Boundary[] {
  if (typeof additionalProperties !== 'object') return [];
  const value = validValue(additionalProperties);
  const keys = Array.from({ length: maxProperties }, (_, index) => [`key${index}`, value]);
  return [
    { rule: 'maxProperties', value: Object.fromEntries(keys) },
    ...validBoundaries(additionalProperties).map((inner) => ({
      rule: `value ${inner.rule}`,
      value: { key: inner.value },
    })),
  ];
}
