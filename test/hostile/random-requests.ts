import fc from 'fast-check';
import type { Target } from '../conformance/cases.ts';
import { type RuleSchema, validValue } from '../conformance/violations.ts';
import { resolved } from '../support/contract-document.ts';
import { type HostileRequest, placeholders } from './hostile-request.ts';
import { asText, minimalRequest, withParameter } from './request-matrix.ts';
import { liveValue } from './resources.ts';

/** Random requests of the operation: mostly valid parts, some invalid. */
export function* randomRequests(target: Target, seed: number, numRuns: number): Generator<HostileRequest> {
  const arbitrary = requestArbitrary(target);
  const atOnce = 500;
  for (let from = 0; from < numRuns; from += atOnce) {
    const options = { seed: seed + from, numRuns: Math.min(atOnce, numRuns - from) };
    yield* fc.sample(arbitrary, options);
  }
}

function requestArbitrary(target: Target): fc.Arbitrary<HostileRequest> {
  const least = minimalRequest(target);
  const changes = target.parameters.map(({ name, in: place, schema }) =>
    fc
      .option(parameterText(name, schema), { freq: place === 'path' ? 20 : 2, nil: undefined })
      .map(
        (text) => (request: HostileRequest) =>
          text === undefined ? request : (withParameter(request, place, name, text) ?? request),
      ),
  );
  const bodies = Object.entries(target.content).map(([mediaType, { schema }]) =>
    bodyArbitrary(schema).map(
      (body) =>
        (request: HostileRequest): HostileRequest => ({
          ...request,
          headers: { ...request.headers, 'Content-Type': mediaType },
          body,
        }),
    ),
  );
  const all = [...changes, ...(bodies.length > 0 ? [fc.oneof(...bodies)] : [])];
  return fc.tuple(fc.tuple(...all), strayQuery).map(([parts, stray]) => {
    const request = parts.reduce((made, change) => change(made), least);
    return { ...request, label: `${target.operationId}: random`, query: [...request.query, ...stray] };
  });
}

/** Undeclared query parameters, used occasionally. */
const strayNames = fc.constantFrom('x', 'filter', 'page', '$where', 'limit[]', 'tag[x]');
const strayQuery: fc.Arbitrary<readonly (readonly [string, string])[]> = fc.oneof(
  { weight: 15, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: strayNames.map((name) => [[name, '1'] as const]) },
);

function parameterText(name: string, schema: RuleSchema): fc.Arbitrary<string> {
  const known = liveValue(name) === undefined ? [] : [fc.constantFrom(...Object.values(placeholders))];
  return fc.oneof(
    ...known.map((arbitrary) => ({ weight: 10, arbitrary })),
    { weight: 8, arbitrary: valueArbitrary(schema).map(asText) },
    { weight: 1, arbitrary: anyText },
  );
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
);

function bodyArbitrary(reference: RuleSchema): fc.Arbitrary<Uint8Array> {
  const schema = resolved<RuleSchema>(reference);
  if (schema.format === 'binary')
    return fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      anyText.map((text) => Buffer.from(text)),
    );
  return fc.oneof(
    {
      weight: 30,
      arbitrary: valueArbitrary(schema).map((value) => Buffer.from(JSON.stringify(value) ?? '')),
    },
    {
      weight: 1,
      arbitrary: fc.jsonValue({ noUnicodeString: false }).map((value) => Buffer.from(JSON.stringify(value))),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
}

/** Mostly valid values, otherwise something of another type. */
function valueArbitrary(reference: RuleSchema): fc.Arbitrary<unknown> {
  const schema = resolved<RuleSchema>(reference);
  const kept = keptArbitrary(schema);
  const other = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.integer(), anyText, fc.constant(null));
  return fc.oneof({ weight: 25, arbitrary: kept }, { weight: 1, arbitrary: other });
}

function keptArbitrary(schema: RuleSchema): fc.Arbitrary<unknown> {
  const choices: fc.Arbitrary<unknown>[] = [fc.constant(validValueOrNull(schema))];
  if (schema.nullable) choices.push(fc.constant(null));
  if (schema.enum) choices.push(fc.constantFrom(...schema.enum));
  else if (schema.type === 'string') choices.push(...textArbitraries(schema));
  else if (schema.type === 'integer')
    choices.push(fc.integer({ min: (schema.minimum ?? 0) - 1, max: (schema.maximum ?? 1e6) + 1 }));
  else if (schema.type === 'boolean') choices.push(fc.boolean());
  else if (schema.type === 'array')
    choices.push(fc.array(valueArbitrary(schema.items ?? {}), { maxLength: 6 }));
  if (schema.type === 'object') return objectArbitrary(schema);
  return fc.oneof(...choices);
}

function validValueOrNull(schema: RuleSchema): unknown {
  return schema.type === undefined ? null : validValue(schema);
}

function textArbitraries({ pattern, maxLength = 300 }: RuleSchema): fc.Arbitrary<string>[] {
  const free = fc.string({ unit: 'binary', maxLength: Math.min(maxLength + 2, 600) });
  if (!pattern) return [free];
  const matching = fc.stringMatching(new RegExp(pattern, 'u'));
  // A pattern that only excludes U+0000 does not describe realistic text.
  return /^\^\[\^/.test(pattern) && pattern.endsWith(']*$')
    ? [matching, free]
    : [matching, matching, matching];
}

function objectArbitrary(schema: RuleSchema): fc.Arbitrary<unknown> {
  const properties = schema.properties ?? {};
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, member]) => [name, valueArbitrary(member)]),
  );
  const required = [...(schema.required ?? [])];
  const record = fc.record(members, { requiredKeys: required }) as fc.Arbitrary<Record<string, unknown>>;
  const strange = fc.constantFrom('__proto__', 'constructor', 'nickname', '', 'a b', 'k'.repeat(41));
  const extra =
    typeof schema.additionalProperties === 'object'
      ? fc.dictionary(
          fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/),
          valueArbitrary(schema.additionalProperties),
          { maxKeys: 8 },
        )
      : fc.constant<Record<string, unknown>>({});
  const stranger = fc.oneof(
    { weight: 30, arbitrary: fc.constant<[string, unknown][]>([]) },
    { weight: 1, arbitrary: fc.tuple(strange, anyText).map((pair): [string, unknown][] => [pair]) },
  );
  return fc
    .tuple(record, extra, stranger)
    .map(([known, more, odd]) =>
      Object.fromEntries([...Object.entries(known), ...Object.entries(more), ...odd]),
    );
}
