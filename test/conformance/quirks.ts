import type { Case } from './cases.ts';

/** Where the mock cannot answer as the service does, and why. Each must still be needed, or it has to go. */
export interface Quirk {
  readonly reason: string;
  applies(tried: Case): boolean;
}

const isQuery = ({ name }: Case) => name.startsWith('query ');

/** The mock answers another status than the service: it takes what the service refuses, or refuses otherwise. */
export const statusesOfTheMock: readonly (Quirk & { readonly statuses: readonly number[] })[] = [
  {
    reason: 'the mock does not look for query parameters that the contract does not have',
    statuses: [200, 204],
    applies: (tried) => tried.refusal?.rule === 'an unknown parameter',
  },
  {
    reason: 'the mock takes a query parameter without a value for one that is not there',
    statuses: [200, 204],
    applies: (tried) => isQuery(tried) && ['', '[]'].includes(textOf(tried.refusal?.value)),
  },
  {
    reason: 'no schema can state how an integer is spelt, and the mock reads 0x10, 1e1, +5 and 05 as numbers',
    statuses: [200, 204],
    applies: (tried) => /^(0x10|1e1| 5|\+5|05)$/.test(textOf(tried.refusal?.value)),
  },
  {
    reason:
      'the mock does not read a body without a media type, and says that it is missing, or takes it where any bytes will do',
    statuses: [200, 422],
    applies: (tried) => tried.refusal?.rule === 'no media type',
  },
  {
    reason:
      'on a path that a template of another path matches too the mock holds another method against that one',
    statuses: [400, 422],
    applies: ({ refusal, path }) =>
      refusal?.rule === 'a method that the path has not' && /^\/customers\/(export|import)$/.test(path),
  },
];

/** The mock refuses with the right status, and a body of its own. */
export const shapedByTheMock: readonly Quirk[] = [
  {
    reason: 'the mock has no example for a body that is no JSON, for it parses the body before anything else',
    applies: (tried) => tried.refusal?.rule === 'no JSON',
  },
  {
    reason:
      'the mock answers 406 with a problem of its own, for it looks for an example in the type that is accepted',
    applies: (tried) => tried.refusal?.status === 406,
  },
  {
    reason: 'the mock answers 405 with a problem of its own and without Allow, for it has found no operation',
    applies: (tried) => tried.refusal?.status === 405,
  },
];

/** An example request has another success, or is a refusal, for what the service knows and the mock does not. */
export const decidedByTheService: readonly Quirk[] = [
  {
    reason: 'of several successes the mock answers the one of the lowest number: 200 instead of 201',
    applies: ({ operationId, headers }) =>
      operationId === 'createCustomer' ||
      (operationId === 'upsertCustomerByExternalId' && !('If-Match' in headers)) ||
      (operationId === 'replaceCustomer' && headers['If-None-Match'] === '*'),
  },
  {
    reason: 'the mock has no versions to hold If-None-Match against: 200 instead of 304',
    applies: ({ operationId, headers }) =>
      ['getCustomer', 'getCustomerByExternalId'].includes(operationId) && 'If-None-Match' in headers,
  },
  {
    reason: 'a cursor is good for the query that it came from: the example is of nobody, 400 instead of 200',
    applies: ({ name }) => name === 'query cursor example',
  },
  {
    reason: 'a feed position is good for the database that it came from: 400 instead of 200',
    applies: ({ name }) => name === 'query after example',
  },
];

/** Rules that the descriptions state and no schema can: the service alone holds them. */
export const rulesBeyondSchemas: readonly { readonly reason: string; readonly body: object }[] = [
  { reason: 'a time zone is a name that the runtime knows', body: { timeZone: 'Mars/Olympus_Mons' } },
  { reason: 'a key of metadata has 1 to 40 characters', body: { metadata: { ['k'.repeat(41)]: 'text' } } },
  { reason: 'a key of metadata is made of certain characters', body: { metadata: { 'a key': 'text' } } },
  { reason: 'a lone surrogate cannot be stored as it was sent', body: { note: '\ud800' } },
];

/** What is not compared, and why. */
export const notCompared: readonly string[] = [
  '404, 409, 410 and 412: the mock has no customers; it answers them when it is asked to (mock.test.ts)',
  '401, 403, 429 and 503: they come from what is around a request; the mock answers them when it is asked to',
  '408, 413, 414, 417 and 431: they end a request before the contract is looked at',
];

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
