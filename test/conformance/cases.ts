import { isStreamed } from '../../src/contract/operations.ts';
import { contractDocument, type Operation, resolved } from '../support/contract-document.ts';
import { type RuleSchema, type Violation, validValue, violationsOf } from './violations.ts';

/** One request, for both the mock and the service. */
export interface Case {
  readonly operationId: string;
  /** What is tried, such as `body #/email: maxLength`. */
  readonly name: string;
  readonly method: string;
  /** The path with its parameters filled in, and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The expected error; absent if the request must succeed. */
  readonly refusal?: Refusal;
}

interface Refusal {
  readonly status: number;
  /** The JSON Pointer or parameter that the problem must name; absent if none. */
  readonly place?: string;
  readonly rule: string;
  readonly value: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: RuleSchema;
  readonly example: unknown;
}

interface MediaType {
  readonly schema: RuleSchema;
  readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Target extends Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly content: Readonly<Record<string, MediaType>>;
  /** 422 if declared, otherwise 400. */
  readonly invalidStatus: number;
}

type PathItem = Readonly<Record<string, Operation & { readonly parameters?: readonly Parameter[] }>>;

/** Every operation of the contract, with its parameters and body resolved. */
export const targets: readonly Target[] = Object.entries(contractDocument.paths).flatMap(([path, item]) => {
  const { parameters: shared = [], ...methods } = item as PathItem & { parameters?: readonly Parameter[] };
  return Object.entries(methods).map(([method, operation]) => {
    const { requestBody } = operation as { requestBody?: { content: Record<string, MediaType> } };
    const parameters = [...shared, ...(operation.parameters ?? [])].map((each) => resolved<Parameter>(each));
    const invalidStatus = '422' in operation.responses ? 422 : 400;
    const content = requestBody?.content ?? {};
    return { ...operation, method: method.toUpperCase(), path, parameters, content, invalidStatus };
  });
});

/** Every example of a body or parameter as a separate request. */
export function exampleCases(target: Target): Case[] {
  const bodies = Object.entries(target.content).flatMap(([mediaType, { examples }]) =>
    Object.entries(examples).map(([name, example]) =>
      request(target, `${mediaType} example ${name}`, {
        mediaType,
        body: bodyText(mediaType, resolved(example).value),
      }),
    ),
  );
  const parameters = target.parameters.map((parameter) =>
    request(target, `${parameter.in} ${parameter.name} example`, {
      given: { [parameter.name]: parameter.example },
    }),
  );
  return [...bodies, ...parameters];
}

/** Every rule of the contract, broken in one place at a time. */
export function violationCases(target: Target): Case[] {
  const bodies = Object.entries(target.content).flatMap(([mediaType, { schema }]) => [
    // Errors in a line of a streamed body are reported in its result:
    // test/operations/import-customers.test.ts.
    ...(isStreamed(mediaType) ? [] : violationsOf(schema)).map(({ rule, value, pointer }) =>
      request(target, `${mediaType} body #${pointer}: ${rule}`, {
        mediaType,
        body: JSON.stringify(value),
        refusal: { status: target.invalidStatus, place: `#${pointer}`, rule, value },
      }),
    ),
    ...syntaxCases(target, mediaType),
  ]);
  const parameters = target.parameters.flatMap((parameter) =>
    textViolations(parameter).map(({ rule, value }) => {
      const name = `${parameter.in} ${parameter.name}: ${rule} ${JSON.stringify(value).slice(0, 60)}`;
      // U+0000 in a URL is refused before parameters are validated.
      const place = String(value).includes('\0') ? {} : { place: parameter.name };
      const refusal = { status: target.invalidStatus, ...place, rule, value };
      return request(target, name, { given: { [parameter.name]: value }, refusal });
    }),
  );
  const unknown = request(target, 'query nickname: an unknown parameter', {
    given: { nickname: 'text' },
    refusal: { status: target.invalidStatus, place: 'nickname', rule: 'an unknown parameter', value: 'text' },
  });
  return [...bodies, ...parameters, unknown, ...acceptCases(target), ...methodCases(target)];
}

function syntaxCases(target: Target, mediaType: string): Case[] {
  const body = minimalBody(target, mediaType);
  const refused = (rule: string, status: number, change: Partial<Parts>) =>
    request(target, `${mediaType} body: ${rule}`, {
      mediaType,
      body,
      refusal: { status, rule, value: undefined },
      ...change,
    });
  return [
    ...(isStreamed(mediaType) ? [] : [refused('no JSON', 400, { body: '{"name"' })]),
    refused('empty', target.invalidStatus, { body: '' }),
    refused('a form', 415, { mediaType: 'application/x-www-form-urlencoded' }),
    refused('XML', 415, { mediaType: 'application/xml' }),
    refused('no media type', 415, { mediaType: '' }),
  ];
}

function acceptCases(target: Target): Case[] {
  const hasBody = Object.entries(target.responses).some(
    ([status, response]) => status.startsWith('2') && 'content' in resolved(response),
  );
  if (!hasBody) return [];
  const refusal = { status: 406, rule: 'an Accept that no media type satisfies', value: 'image/png' };
  return [request(target, 'Accept: image/png', { given: { Accept: 'image/png' }, refusal })];
}

/** Methods that the path lacks, tried once per path. */
function methodCases(target: Target): Case[] {
  const siblings = targets.filter(({ path }) => path === target.path);
  if (siblings[0] !== target) return [];
  const absent = ['PUT', 'POST', 'PATCH', 'DELETE'].filter((each) =>
    siblings.every(({ method }) => method !== each),
  );
  const refusal = { status: 405, rule: 'a method that the path lacks', value: undefined };
  return absent.map((method) => ({
    operationId: target.operationId,
    name: `${method} instead`,
    method,
    path: request(target, '', {}).path,
    headers: {},
    refusal,
  }));
}

interface Parts {
  readonly mediaType: string;
  readonly body: string;
  /** Parameters and other headers, in addition to the required ones. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly refusal: Refusal;
}

/** A minimal request of the operation, with these parts replaced. */
function request(target: Target, name: string, parts: Partial<Parts>): Case {
  const { given = {}, refusal } = parts;
  const [firstType] = Object.keys(target.content);
  const mediaType = parts.mediaType ?? firstType;
  const body = firstType && (parts.body ?? minimalBody(target, firstType));
  const inPlace = (place: string) => target.parameters.filter((parameter) => parameter.in === place);
  const path = inPlace('path').reduce(
    (text, parameter) =>
      text.replace(
        `{${parameter.name}}`,
        encodeURIComponent(String(given[parameter.name] ?? parameter.example)),
      ),
    target.path,
  );
  const isHeader = (key: string) => key === 'Accept' || inPlace('header').some((each) => each.name === key);
  const isPath = (key: string) => inPlace('path').some((each) => each.name === key);
  const query = Object.entries(given)
    .filter(([key]) => !isHeader(key) && !isPath(key))
    .map(([key, value]) => `${key}=${queryText(value)}`);
  const headers = Object.entries(given).filter(([key]) => isHeader(key));
  return {
    operationId: target.operationId,
    name,
    method: target.method,
    path: [path, ...query].join('?'),
    headers: Object.fromEntries([
      ...headers.map(([key, value]) => [key, String(value)]),
      ...(mediaType ? [['Content-Type', mediaType]] : []),
    ]),
    ...(body === undefined ? {} : { body }),
    ...(refusal ? { refusal } : {}),
  };
}

/** A minimal body of a media type; for a streamed one its first example. */
function minimalBody(target: Target, mediaType: string): string {
  const { schema = { type: 'object' }, examples = {} } = target.content[mediaType] ?? {};
  if (!isStreamed(mediaType)) return JSON.stringify(validValue(schema));
  const [example] = Object.values(examples);
  return example ? bodyText(mediaType, resolved(example).value) : '';
}

function bodyText(mediaType: string, value: unknown): string {
  return isStreamed(mediaType) ? String(value) : JSON.stringify(value);
}

/** As in `style: form, explode: false`: commas between items are not encoded. */
function queryText(value: unknown): string {
  return [value]
    .flat()
    .map((item) => encodeURIComponent(String(item)))
    .join(',');
}

/** Violations of a parameter that text can express, and spellings that are not of its type. */
function textViolations({ in: place, schema: reference, example }: Parameter): Violation[] {
  const schema = { ...resolved<RuleSchema>(reference), example };
  const spellings: Readonly<Record<string, readonly string[]>> = {
    integer: ['', 'many', '0x10', '1e1', ' 5', '+5', '05'],
    boolean: ['', '1', 'yes', 'TRUE'],
  };
  const found = [
    ...violationsOf(schema).filter(({ value }) => isText(schema, value)),
    ...(spellings[schema.type ?? ''] ?? []).map((value) => ({ rule: 'spelling', value, pointer: '' })),
  ];
  if (place === 'query') return found;
  // Values that a path or header cannot carry are not cases of the contract.
  return found.filter(({ value }) => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(String(value)));
}

function isText(schema: RuleSchema, value: unknown): boolean {
  if (schema.type === 'string') return typeof value === 'string';
  if (schema.type === 'array')
    return Array.isArray(value) && value.every((item) => typeof item === 'string' && !item.includes(','));
  return typeof value === 'number' || (typeof value === 'string' && schema.type !== 'boolean');
}
