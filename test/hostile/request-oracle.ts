import type { Target } from '../conformance/cases.ts';
import type { RuleSchema } from '../conformance/violations.ts';
import { faultsOf, resolved } from '../support/contract-document.ts';
import { type HostileRequest, isPlaceholder, pathOf } from './hostile-request.ts';
import { acceptsAny, mediaTypeFault } from './media-type-rules.ts';
import { bodyRules, crossRules, headerRules, isUndecided, unstorablePlaces } from './product-rules.ts';

/** A fault of a request, with the statuses that may report it. */
export interface Fault {
  readonly what: string;
  readonly statuses: readonly number[];
}

export interface Verdict {
  readonly faults: readonly Fault[];
  /** Whether the contract leaves the result open: lines of a stream are judged individually. */
  readonly open: boolean;
}

const bodyBytesMax = 65_536;
const urlLengthMax = 8192;

/**
 * Judges a request by the contract's schemas (through ajv) and an independent implementation of the product
 * rules. Uses none of the service's own checks.
 */
export function judge(request: HostileRequest): Verdict {
  const { target } = request;
  const invalid = (what: string): Fault => ({ what, statuses: [target.invalidStatus] });
  const url = pathOf(request);
  const faults: Fault[] = [
    ...(url.length > urlLengthMax ? [{ what: 'URL too long', statuses: [414] }] : []),
    ...(url.includes('%00') ? [{ what: 'U+0000 in the URL', statuses: [400] }] : []),
    ...pathFaults(request).map(invalid),
    ...queryFaults(request).map(invalid),
    ...headerFaults(request, invalid),
    ...(acceptsAny(request)
      ? []
      : [{ what: 'Accept allows no media type of the operation', statuses: [406] }]),
  ];
  const { faults: ofBody, open } = judgeBody(request, invalid);
  const all = [...faults, ...ofBody, ...crossRules(request).map(invalid)];
  return { faults: all, open: open || (all.length === 0 && isUndecided(request)) };
}

function pathFaults({ target, path }: HostileRequest): string[] {
  return parametersIn(target, 'path')
    .filter(({ name }) => !isPlaceholder(path[name]))
    .flatMap(({ name, schema }) =>
      textFaults(schema, path[name] ?? '').map((fault) => `path ${name} ${fault}`),
    );
}

function queryFaults({ target, query }: HostileRequest): string[] {
  const declared = new Map(parametersIn(target, 'query').map((parameter) => [parameter.name, parameter]));
  const counts = new Map<string, number>();
  const faults = query.flatMap(([name, value]) => {
    const parameter = declared.get(name);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (!parameter) return [`query ${name} is not declared`];
    if (value === '') return [`query ${name} is empty`];
    return textFaults(parameter.schema, value).map((fault) => `query ${name} ${fault}`);
  });
  const repeated = [...counts].filter(([, count]) => count > 1).map(([name]) => `query ${name} is repeated`);
  const missing = parametersIn(target, 'query')
    .filter(({ name, required }) => required && !counts.has(name))
    .map(({ name }) => `query ${name} is missing`);
  return [...faults, ...repeated, ...missing];
}

function headerFaults({ target, headers }: HostileRequest, invalid: (what: string) => Fault): Fault[] {
  const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return parametersIn(target, 'header').flatMap(({ name, schema, required }) => {
    const value = given.get(name.toLowerCase());
    if (value === undefined) return required ? [invalid(`header ${name} is missing`)] : [];
    // Optional white space around a field value is not part of it (RFC 9110 section 5.5).
    const text = value.replace(/^[ \t]+|[ \t]+$/g, '');
    const rule = headerRules[name.toLowerCase()];
    const malformed = rule?.(text) ? [{ what: `header ${name} is malformed`, statuses: [400] }] : [];
    return [...textFaults(schema, text).map((fault) => invalid(`header ${name} ${fault}`)), ...malformed];
  });
}

function judgeBody(request: HostileRequest, invalid: (what: string) => Fault): Verdict {
  const { target, body } = request;
  const declared = Object.keys(target.content);
  // An operation without a body ignores one.
  if (declared.length === 0) return { faults: [], open: false };
  const unsupported = mediaTypeFault(request);
  if (unsupported) return { faults: [{ what: unsupported, statuses: [415] }], open: false };
  const mediaType = mediaTypeOf(request);
  const schema = resolved<RuleSchema>(target.content[mediaType]?.schema ?? {});
  if (schema.format === 'binary') return { faults: [], open: true };
  if (body && body.byteLength > bodyBytesMax) {
    return { faults: [{ what: 'body too large', statuses: [413] }], open: false };
  }
  return { faults: jsonFaults(schema, body, invalid), open: false };
}

function jsonFaults(
  schema: RuleSchema,
  body: Uint8Array | undefined,
  invalid: (what: string) => Fault,
): Fault[] {
  if (!body?.length) return [invalid('body is missing')];
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return [{ what: 'body is not JSON', statuses: [400] }];
  }
  if (depthOf(value) > 32) return [{ what: 'body is nested too deeply', statuses: [400] }];
  const faults = [...faultsOf(schema, value), ...unstorablePlaces(value), ...bodyRules(value)];
  return faults.map((fault) => invalid(`body ${fault}`));
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Validates a parameter's text as the value it represents. */
function textFaults(reference: RuleSchema, text: string): string[] {
  const schema = resolved<RuleSchema>(reference);
  switch (schema.type) {
    case 'integer':
      return /^-?(0|[1-9][0-9]*)$/.test(text) ? faultsOf(schema, Number(text)) : ['is no integer'];
    case 'boolean':
      return text === 'true' || text === 'false' ? [] : ['is no boolean'];
    case 'array':
      return faultsOf(schema, text.split(','));
    default:
      return faultsOf(schema, text);
  }
}

function parametersIn(target: Target, place: string) {
  return target.parameters.filter((parameter) => parameter.in === place) as readonly ParameterOfTarget[];
}

type ParameterOfTarget = Target['parameters'][number] & { readonly required?: boolean };

/** Without parameters, in lower case. */
function mediaTypeOf({ headers }: HostileRequest): string {
  return (headers['Content-Type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
