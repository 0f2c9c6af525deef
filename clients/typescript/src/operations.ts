import type { operations as Contract, paths } from './openapi.ts';
import type { OperationId } from './options.ts';
import type { Customer, CustomerReplace } from './types.ts';

/** How to send an operation. */
export interface Operation {
  readonly method: Method;
  /** The path with its parameters in braces. */
  readonly path: string;
  /** The media type to ask for; JSON when absent. */
  readonly accept?: string;
  /** The media type of the body. */
  readonly contentType?: string;
  /** Sends the `etag` of the customer passed to the call as `If-Match`. */
  readonly sendsIfMatch?: true;
  /** Sends a new `Idempotency-Key` with each call, so that a retry is safe. */
  readonly sendsIdempotencyKey?: true;
  /** The member of a page that points to the next page, and the query parameter that takes it. */
  readonly next?: { readonly member: string; readonly parameter: string };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Every operation of the contract. The compiler checks each row against the contract's types. */
export const operations = {
  listCustomers: {
    method: 'GET',
    path: '/customers',
    next: { member: 'nextCursor', parameter: 'cursor' },
  },
  createCustomer: {
    method: 'POST',
    path: '/customers',
    contentType: 'application/json',
    sendsIdempotencyKey: true,
  },
  exportCustomers: { method: 'GET', path: '/customers/export', accept: 'application/x-ndjson' },
  importCustomers: {
    method: 'POST',
    path: '/customers/import',
    accept: 'application/x-ndjson',
    contentType: 'application/x-ndjson',
  },
  getCustomer: { method: 'GET', path: '/customers/{customerId}' },
  replaceCustomer: {
    method: 'PUT',
    path: '/customers/{customerId}',
    contentType: 'application/json',
    sendsIfMatch: true,
  },
  updateCustomer: {
    method: 'PATCH',
    path: '/customers/{customerId}',
    contentType: 'application/merge-patch+json',
    sendsIfMatch: true,
  },
  deleteCustomer: { method: 'DELETE', path: '/customers/{customerId}', sendsIfMatch: true },
  restoreCustomer: { method: 'POST', path: '/customers/{customerId}/restore', sendsIdempotencyKey: true },
  getCustomerHistory: {
    method: 'GET',
    path: '/customers/{customerId}/history',
    next: { member: 'nextCursor', parameter: 'cursor' },
  },
  listChanges: {
    method: 'GET',
    path: '/changes',
    next: { member: 'next', parameter: 'after' },
  },
  eraseCustomer: {
    method: 'POST',
    path: '/customers/{customerId}/erase',
    sendsIfMatch: true,
    sendsIdempotencyKey: true,
  },
  getCustomerByExternalId: { method: 'GET', path: '/external-ids/{externalId}/customer' },
  upsertCustomerByExternalId: {
    method: 'PUT',
    path: '/external-ids/{externalId}/customer',
    contentType: 'application/json',
    sendsIdempotencyKey: true,
  },
} as const satisfies { readonly [Id in OperationId]: Row<Id> };

/** Members that only the service sets. They are removed from a body, so that you can send a customer you read. */
export const readOnlyMembers: Readonly<Record<Exclude<keyof Customer, keyof CustomerReplace>, true>> = {
  id: true,
  version: true,
  etag: true,
  createdAt: true,
  updatedAt: true,
  deletedAt: true,
};

/** The JSON that an operation answers with 200; `never` if it answers none. */
export type JsonOf<Id extends OperationId> =
  ContentOf<Id> extends { 'application/json': infer Data } ? Data : never;

type ContentOf<Id extends OperationId> = Contract[Id]['responses'] extends { 200: { content: infer Content } }
  ? Content
  : never;

type Row<Id extends OperationId> = Route<Id> &
  Accept<ContentOf<Id>> &
  ContentType<Contract[Id]> &
  Next<JsonOf<Id>, Contract[Id]['parameters']['query']> &
  // 428 says that the service may require If-Match. Restoring has none: the deletion is a later version.
  Flag<'sendsIfMatch', 428 extends keyof Contract[Id]['responses'] ? true : false> &
  Flag<'sendsIdempotencyKey', HasHeader<Contract[Id]['parameters']['header'], 'Idempotency-Key'>>;

/** The only method and path under which `paths` has the operation. */
type Route<Id extends OperationId> = {
  [Path in keyof paths]: {
    [Verb in Method]: Same<paths[Path][Lowercase<Verb>], Contract[Id]> extends true
      ? { readonly method: Verb; readonly path: Path }
      : never;
  }[Method];
}[keyof paths];

type Accept<Content> = [Content] extends [never]
  ? { readonly accept?: never }
  : Content extends { 'application/json': unknown }
    ? { readonly accept?: never }
    : { readonly accept: keyof Content };

type ContentType<Of> = Of extends { requestBody: { content: infer Content } }
  ? { readonly contentType: keyof Content }
  : { readonly contentType?: never };

type Next<Page, Query> = [Page] extends [never]
  ? { readonly next?: never }
  : Page extends { items: readonly unknown[] }
    ? { readonly next: { readonly member: keyof Page; readonly parameter: keyof Exclude<Query, undefined> } }
    : { readonly next?: never };

type Flag<Name extends string, IsSet extends boolean> = IsSet extends true
  ? { readonly [Each in Name]: true }
  : { readonly [Each in Name]?: never };

type HasHeader<Headers, Name> = Name extends keyof Exclude<Headers, undefined> ? true : false;

type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
