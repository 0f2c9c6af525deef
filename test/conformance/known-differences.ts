import type { Case } from './cases.ts';

/** Known differences between the mock and the service, and why. Remove those that no longer occur. */
export interface KnownDifference {
  readonly reason: string;
  applies(tried: Case): boolean;
}

const isQuery = ({ name }: Case) => name.startsWith('query ');

/** The mock returns another status: it accepts what the service refuses, or refuses it differently. */
export const mockStatuses: readonly (KnownDifference & { readonly statuses: readonly number[] })[] = [
  {
    reason: 'the mock ignores unknown query parameters',
    statuses: [200, 204],
    applies: (tried) => tried.refusal?.rule === 'an unknown parameter',
  },
  {
    reason: 'the mock treats a query parameter without a value as absent',
    statuses: [200, 204],
    applies: (tried) => isQuery(tried) && ['', '[]'].includes(textOf(tried.refusal?.value)),
  },
  {
    reason:
      'no schema can express how an integer is written, and the mock accepts 0x10, 1e1, +5 and 05 as numbers',
    statuses: [200, 204],
    applies: (tried) => /^(0x10|1e1| 5|\+5|05)$/.test(textOf(tried.refusal?.value)),
  },
  {
    reason:
      'the mock does not read a body without a media type: it reports it as missing, or accepts it where any bytes are allowed',
    statuses: [200, 422],
    applies: (tried) => tried.refusal?.rule === 'no media type',
  },
  {
    reason:
      "on a path that also matches another path's template, the mock validates an unsupported method against that path",
    statuses: [400, 422],
    applies: ({ refusal, path }) =>
      refusal?.rule === 'a method that the path lacks' && /^\/customers\/(export|import)$/.test(path),
  },
];

/** The mock refuses with the right status but its own body. */
export const mockBodies: readonly KnownDifference[] = [
  {
    reason: 'the mock parses the body first and has no example for one that is not JSON',
    applies: (tried) => tried.refusal?.rule === 'no JSON',
  },
  {
    reason: 'the mock returns its own 406 problem, because it looks for an example in an accepted media type',
    applies: (tried) => tried.refusal?.status === 406,
  },
  {
    reason: 'the mock returns its own 405 problem without Allow, because it has found no operation',
    applies: (tried) => tried.refusal?.status === 405,
  },
];

/** An example request has another result, because the service has data that the mock lacks. */
export const stateDependent: readonly KnownDifference[] = [
  {
    reason: 'of several successes the mock returns the lowest status: 200 instead of 201',
    applies: ({ operationId, headers }) =>
      operationId === 'createCustomer' ||
      (operationId === 'upsertCustomerByExternalId' && !('If-Match' in headers)) ||
      (operationId === 'replaceCustomer' && headers['If-None-Match'] === '*'),
  },
  {
    reason: 'the mock has no versions to compare If-None-Match with: 200 instead of 304',
    applies: ({ operationId, headers }) =>
      ['getCustomer', 'getCustomerByExternalId'].includes(operationId) && 'If-None-Match' in headers,
  },
  {
    reason: "a cursor is valid only for its own query, and the example's belongs to none: 400 instead of 200",
    applies: ({ name }) => name === 'query cursor example',
  },
  {
    reason: 'a feed position is valid only in its own database: 400 instead of 200',
    applies: ({ name }) => name === 'query after example',
  },
];

/** Rules in descriptions that no schema can express: only the service enforces them. */
export const rulesBeyondSchemas: readonly { readonly reason: string; readonly body: object }[] = [
  { reason: 'a time zone must be known to the runtime', body: { timeZone: 'Mars/Olympus_Mons' } },
  { reason: 'a metadata key has 1 to 40 characters', body: { metadata: { ['k'.repeat(41)]: 'text' } } },
  { reason: 'a metadata key consists of certain characters', body: { metadata: { 'a key': 'text' } } },
  { reason: 'a lone surrogate cannot be stored unchanged', body: { note: '\ud800' } },
];

/** What is not compared, and why. */
export const notCompared: readonly string[] = [
  '404, 409, 410 and 412: the mock has no customers; it returns these on request (mock.test.ts)',
  '401, 403, 429 and 503: they do not depend on the request; the mock returns them on request',
  '408, 413, 414, 417 and 431: they are returned before the contract is checked',
];

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
