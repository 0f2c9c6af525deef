import { faultsOf, resolved } from '../support/contract-document.ts';

/** An OpenAPI 3.0 schema object with the rules that a value can break. */
export interface RuleSchema {
  readonly type?: string;
  readonly nullable?: boolean;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: RuleSchema;
  readonly properties?: Readonly<Record<string, RuleSchema>>;
  readonly required?: readonly string[];
  readonly maxProperties?: number;
  readonly additionalProperties?: boolean | RuleSchema;
  readonly example?: unknown;
}

/** A value that breaks one rule in one place and is otherwise valid. */
export interface Violation {
  readonly rule: string;
  readonly value: unknown;
  /** A JSON Pointer into the value; empty for the value itself. */
  readonly pointer: string;
}

/** Every violation of a schema in exactly one place, derived from its rules. */
export function violationsOf(reference: RuleSchema): Violation[] {
  const schema = resolved<RuleSchema>(reference);
  const own = [...ownViolations(schema)].filter(({ value }) => faultsOf(schema, value).length > 0);
  return [...own, ...innerViolations(schema)];
}

/** A valid value: the schema's example, or a minimal one. */
export function validValue(reference: RuleSchema): unknown {
  const schema = resolved<RuleSchema>(reference);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'array') return schema.items ? [validValue(schema.items)] : [];
  if (schema.type !== 'object')
    throw new Error('A schema has neither an example nor a type with a minimal value.');
  const required = (schema.required ?? []).map((name) => [name, validValue(schema.properties?.[name] ?? {})]);
  return Object.fromEntries(required);
}

function* ownViolations(schema: RuleSchema): Generator<Violation> {
  const at = (rule: string, value: unknown): Violation => ({ rule, value, pointer: '' });
  for (const value of [7, true, 'text', ['text'], { a: 'text' }]) {
    if (typeName(value) !== schema.type) yield at(`type ${typeName(value)}`, value);
  }
  if (!schema.nullable) yield at('null', null);
  switch (schema.type) {
    case 'string':
      for (const [rule, value] of textViolations(schema)) yield at(rule, value);
      break;
    case 'integer':
      yield at('a fraction', (schema.minimum ?? 0) + 0.5);
      if (schema.minimum !== undefined) yield at('minimum', schema.minimum - 1);
      if (schema.maximum !== undefined) yield at('maximum', schema.maximum + 1);
      break;
    case 'array':
      for (const [rule, value] of listViolations(schema)) yield at(rule, value);
      break;
    case 'object':
      for (const [rule, value] of objectViolations(schema)) yield at(rule, value);
  }
}

function* textViolations(schema: RuleSchema): Generator<[string, string]> {
  const example = String(validValue(schema));
  if (schema.minLength) yield ['minLength', example.slice(0, schema.minLength - 1)];
  if (schema.maxLength !== undefined) yield ['maxLength', stretched(schema, example, schema.maxLength + 1)];
  if (schema.enum)
    yield* [`${example}x`, example.toUpperCase(), ''].map((value): [string, string] => ['enum', value]);
  if (schema.pattern) {
    for (const value of corrupted(example)) {
      const faults = faultsOf(schema, value);
      if (faults.length > 0 && faults.every((fault) => /pattern|format/.test(fault)))
        yield ['pattern', value];
    }
  }
  if (schema.format === 'date-time') {
    yield ['format', '2026-02-30T00:00:00Z'];
    yield ['format', '2025-02-29T12:00:00+01:00'];
  }
}

/** A text of this many code points that breaks no rule but the length, if there is one. */
function stretched(schema: RuleSchema, example: string, length: number): string {
  const missing = Math.max(1, length - [...example].length);
  const longer = [...example].map((character, index) =>
    [...[...example].slice(0, index), character.repeat(missing), ...[...example].slice(index)].join(''),
  );
  const breaksLengthAlone = (text: string) =>
    faultsOf(schema, text).every((fault) => fault.includes('maxLength'));
  return ['a'.repeat(length), ...longer].find(breaksLengthAlone) ?? 'a'.repeat(length);
}

/** The example with one fault. */
function corrupted(example: string): string[] {
  const middle = Math.floor(example.length / 2);
  const withInMiddle = (text: string) => example.slice(0, middle) + text + example.slice(middle);
  const changed = [' ', '\u0000', '\n', '\u00e9', '%', '!'].map(withInMiddle);
  const ends = [
    `${example} `,
    ` ${example}`,
    `${example}\n`,
    `${example}!`,
    example.slice(1),
    example.slice(0, -1),
  ];
  return [...new Set([...changed, ...ends, example.toUpperCase(), example.toLowerCase(), ''])];
}

function* listViolations(schema: RuleSchema): Generator<[string, unknown]> {
  const item = schema.items ? validValue(schema.items) : 'item';
  if (schema.minItems) yield ['minItems', Array(schema.minItems - 1).fill(item)];
  if (schema.uniqueItems) yield ['uniqueItems', [item, 'other', item]];
  if (schema.maxItems !== undefined) {
    const distinct = (index: number) => (schema.uniqueItems ? `${item}${index}` : item);
    yield ['maxItems', Array.from({ length: schema.maxItems + 1 }, (_, index) => distinct(index))];
  }
}

function* objectViolations(schema: RuleSchema): Generator<[string, unknown]> {
  const base = validValue(schema) as Record<string, unknown>;
  for (const name of schema.required ?? []) {
    yield [`required ${name}`, Object.fromEntries(Object.entries(base).filter(([key]) => key !== name))];
  }
  if (schema.additionalProperties === false) {
    yield ['an unknown member', { ...base, nickname: 'text' }];
    for (const name of Object.keys(schema.properties ?? {}).slice(0, 1)) {
      yield ['a member in another case', { ...base, [name.toUpperCase()]: base[name] ?? null }];
    }
  }
  if (schema.maxProperties !== undefined && typeof schema.additionalProperties === 'object') {
    const value = validValue(schema.additionalProperties);
    const members = Array.from({ length: schema.maxProperties + 1 }, (_, index) => [`key${index}`, value]);
    yield ['maxProperties', Object.fromEntries(members)];
  }
}

/** Violations inside a value that is otherwise valid. */
function innerViolations(schema: RuleSchema): Violation[] {
  if (schema.type === 'array' && schema.items) {
    const valid = validValue(schema.items);
    return violationsOf(schema.items).map(({ rule, value, pointer }) => ({
      rule,
      value: [valid, value],
      pointer: `/1${pointer}`,
    }));
  }
  if (schema.type !== 'object') return [];
  const base = validValue(schema) as Record<string, unknown>;
  const members = Object.entries(schema.properties ?? {});
  if (typeof schema.additionalProperties === 'object') members.push(['key', schema.additionalProperties]);
  return members.flatMap(([name, member]) =>
    violationsOf(member).map(({ rule, value, pointer }) => ({
      rule,
      value: { ...base, [name]: value },
      pointer: `/${name}${pointer}`,
    })),
  );
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}
