import type { Target } from '../conformance/cases.ts';
import { type RuleSchema, validValue } from '../conformance/violations.ts';
import { resolved } from '../support/contract-document.ts';
import { findOperation } from '../support/contract-operations.ts';
import { boundariesOf } from './boundary-values.ts';
import { type HostileRequest, pathOf } from './hostile-request.ts';
import { productBoundaries } from './product-boundaries.ts';
import { liveValue } from './resources.ts';

/** A minimal valid request of the operation. */
export function minimalRequest(target: Target): HostileRequest {
  const required = target.parameters.filter((parameter) => (parameter as { required?: boolean }).required);
  const valuesIn = (place: string) =>
    required
      .filter((parameter) => parameter.in === place)
      .map(({ name, schema }): [string, string] => [name, asText(validValue(schema))]);
  const path = Object.fromEntries(valuesIn('path').map(([name, value]) => [name, liveValue(name) ?? value]));
  const [mediaType] = Object.keys(target.content);
  return {
    target,
    label: 'least',
    path,
    query: valuesIn('query'),
    headers: {
      ...Object.fromEntries(valuesIn('header')),
      ...(mediaType ? { 'Content-Type': mediaType } : {}),
    },
    body: mediaType === undefined ? undefined : minimalBody(target, mediaType),
  };
}

/** HEAD is handled like GET, so a part of its cases is enough. */
const headEvery = 5;

/** Every limit of every parameter, member and media type of the operation, one change at a time. */
export function matrixOf(target: Target): HostileRequest[] {
  const least = minimalRequest(target);
  const made = [least, ...parameterCases(least), ...mediaTypeCases(least), ...bodyCases(least)];
  const head = target.method === 'GET' ? made.map((each) => ({ ...each, method: 'HEAD' })) : [];
  return [...made, ...head.filter((_, index) => index % headEvery === 0)].map((each) => ({
    ...each,
    label: `${target.operationId}: ${each.label}`,
  }));
}

/** Texts that are often accepted wrongly. */
const doubtfulTexts = [
  ...['0', '00', '01', '+1', '-1', '1.0', '1e1', '0x10', ' 5', '5 ', '5\t', '١', '1_000', '9'.repeat(30)],
  ...['true', 'TRUE', 'True', 'yes', 'on', 'null', 'undefined', 'NaN', 'Infinity', '[]', '{}', '""', '', ' '],
  ...[
    'a,b',
    ',',
    '*',
    '%',
    '%2541',
    '../..',
    '\u0000',
    'é',
    '\u{1f600}',
    '\u202e',
    '\ufeffx',
    '\r\n',
    ';',
    '&=',
  ],
  ...[
    '2026-02-30T00:00:00Z',
    '2026-01-01',
    '2026-01-01T24:00:00Z',
    '2016-12-31T23:59:60Z',
    '2026-01-01T00:00:00',
  ],
  ...['0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59.999999999-23:59', '2026-01-01t00:00:00z'],
];

function parameterCases(least: HostileRequest): HostileRequest[] {
  const cases: HostileRequest[] = [
    { ...least, label: 'query with an unknown parameter', query: [...least.query, ['nobody', '1']] },
    { ...least, label: 'query with an empty name', query: [...least.query, ['', '1']] },
    { ...least, label: 'query __proto__', query: [...least.query, ['__proto__', '1']] },
  ];
  for (const { name, in: place, schema } of least.target.parameters) {
    const texts = new Set([...boundariesOf(schema).map(({ value }) => asText(value)), ...doubtfulTexts]);
    for (const text of texts) {
      const label = `${place} ${name} = ${JSON.stringify(text.slice(0, 60))}`;
      const changed = withParameter(least, place, name, text);
      if (changed) cases.push({ ...changed, label });
    }
    if (place !== 'query') continue;
    const value = asText(validValue(schema));
    const rest = least.query.filter(([other]) => other !== name);
    for (const bracket of ['[]', '[0]', '[x]', '[__proto__]', '.x']) {
      cases.push({ ...least, label: `query ${name}${bracket}`, query: [...rest, [name + bracket, value]] });
    }
    cases.push({ ...least, label: `query ${name} twice`, query: [...rest, [name, value], [name, value]] });
    cases.push({
      ...least,
      label: `query ${name} in upper case`,
      query: [...rest, [name.toUpperCase(), value]],
    });
  }
  return cases;
}

/** The request with this text for the parameter; undefined if it cannot be sent or names another path. */
export function withParameter(
  request: HostileRequest,
  place: string,
  name: string,
  text: string,
): HostileRequest | undefined {
  if (place === 'header') {
    return isHeaderText(text) ? { ...request, headers: { ...request.headers, [name]: text } } : undefined;
  }
  // A well-formed URL cannot contain lone surrogates; request-line.test.ts sends malformed ones.
  const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd');
  if (place === 'path') {
    const changed = { ...request, path: { ...request.path, [name]: wellFormed } };
    const found = findOperation(request.target.method, pathOf(changed));
    return found?.template === request.target.path && wellFormed !== '' ? changed : undefined;
  }
  const rest = request.query.filter(([other]) => other !== name);
  return { ...request, query: [...rest, [name, wellFormed]] };
}

/** Whether Node's client can send this as a header's value. */
function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

const acceptValues = [
  ...['*/*', 'application/*', 'application/json', 'APPLICATION/JSON', 'text/html, */*;q=0.1', 'text/html'],
  ...[
    'application/xml',
    '*/*;q=0',
    'application/json;q=0',
    'application/json;q=0, */*',
    'text/*',
    'image/png',
  ],
];

function mediaTypeCases(least: HostileRequest): HostileRequest[] {
  const declared = Object.keys(least.target.content);
  const withHeader = (name: string, value: string): HostileRequest => ({
    ...least,
    label: `${name}: ${value}`,
    headers: { ...least.headers, [name]: value },
  });
  const cases = acceptValues.map((value) => withHeader('Accept', value));
  if (declared.length === 0) return cases;
  const spellings = declared.flatMap((mediaType) => [
    ...[mediaType, mediaType.toUpperCase(), `${mediaType};charset=utf-8`, `${mediaType}; charset="UTF-8"`],
    ...[`${mediaType}; charset=utf-16`, `${mediaType}; charset=latin1`, `${mediaType}; p=1`, `${mediaType}x`],
  ]);
  const strange = [
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '*/*',
  ];
  for (const value of [
    ...spellings,
    ...strange,
    'application/json-patch+json',
    'application/jsonx',
    'json',
  ]) {
    cases.push(withHeader('Content-Type', value));
  }
  for (const value of ['identity', 'gzip', 'deflate', 'br', 'x'])
    cases.push(withHeader('Content-Encoding', value));
  return cases;
}

function bodyCases(least: HostileRequest): HostileRequest[] {
  const tried = new Set<RuleSchema>();
  return Object.entries(least.target.content).flatMap(([mediaType, content]) => {
    const schema = resolved<RuleSchema>(content.schema);
    const request = { ...least, headers: { ...least.headers, 'Content-Type': mediaType } };
    const texts = [
      '',
      ' ',
      '{',
      '{}}',
      'nul',
      '\ufeff{}',
      "{'name':'x'}",
      '{"name":"x",}',
      '[1,]',
      '{"name":\n',
    ];
    const raw = texts.map((text) => ({ label: `body ${JSON.stringify(text)}`, body: Buffer.from(text) }));
    if (schema.format === 'binary') return raw.map((each) => ({ ...request, ...each }));
    // The schema was tried under another media type; the raw and media-type cases still apply.
    if (tried.has(schema)) return raw.map((each) => ({ ...request, ...each }));
    tried.add(schema);
    const members = Object.keys(schema.properties ?? {});
    const valid = validValue(withoutExample(schema)) as Readonly<Record<string, unknown>>;
    const boundaries = [...boundariesOf(schema), ...productBoundaries(members, valid)];
    const values = boundaries.map(({ rule, value }) => ({
      label: `${mediaType} ${rule}`,
      body: Buffer.from(JSON.stringify(value)),
    }));
    return [...raw, ...values].map((each) => ({ ...request, ...each }));
  });
}

function minimalBody(target: Target, mediaType: string): Uint8Array {
  const content = target.content[mediaType];
  const schema = resolved<RuleSchema>(content?.schema ?? {});
  if (schema.format !== 'binary') {
    return Buffer.from(JSON.stringify(validValue(withoutExample(schema))));
  }
  const [example] = Object.values(content?.examples ?? {}).map((each) => resolved(each).value);
  return Buffer.from(String(example ?? ''));
}

/** Without examples, so that the generator returns a minimal value. */
function withoutExample({ example: _, ...rest }: RuleSchema): RuleSchema {
  return rest;
}

export function asText(value: unknown): string {
  if (Array.isArray(value)) return value.map(asText).join(',');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
