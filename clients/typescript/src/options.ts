import type { operations } from './openapi.ts';

/** The `operationId` of an operation of the contract. */
export type OperationId = keyof operations;

/** Options that every call accepts. */
export interface CallOptions {
  /** Cancels the call: the request, the wait before a retry, or the stream. */
  readonly signal?: AbortSignal | undefined;
  /** Time limit of one attempt, or how long a stream may be silent. Defaults to the client's. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is retried where that is safe. Defaults to the client's. */
  readonly retriesMax?: number | undefined;
}

export type ListCustomersOptions = OptionsOf<'listCustomers'>;
export type CreateCustomerOptions = OptionsOf<'createCustomer'>;
export type ExportCustomersOptions = OptionsOf<'exportCustomers'>;
export type ImportCustomersOptions = OptionsOf<'importCustomers'>;
export type GetCustomerOptions = OptionsOf<'getCustomer'>;
export type ReplaceCustomerOptions = OptionsOf<'replaceCustomer'>;
export type UpdateCustomerOptions = OptionsOf<'updateCustomer'>;
export type DeleteCustomerOptions = OptionsOf<'deleteCustomer'>;
export type RestoreCustomerOptions = OptionsOf<'restoreCustomer'>;
export type GetCustomerHistoryOptions = OptionsOf<'getCustomerHistory'>;
export type ListChangesOptions = OptionsOf<'listChanges'>;
export type EraseCustomerOptions = OptionsOf<'eraseCustomer'>;
export type GetCustomerByExternalIdOptions = OptionsOf<'getCustomerByExternalId'>;
export type UpsertCustomerByExternalIdOptions = OptionsOf<'upsertCustomerByExternalId'>;

/** The query and header parameters of an operation, and what every call accepts. */
export type OptionsOf<Id extends OperationId> = CallOptions &
  QueryOptions<ParametersOf<Id, 'query'>> &
  HeaderOptions<ParametersOf<Id, 'header'>>;

/** Options without `ifNoneMatch`, so that the reply always has a body. */
export type Unconditional<Options> = Options & { readonly ifNoneMatch?: undefined };

/** The header that each option sets. Any other option is a query parameter. */
export const headerNames = {
  idempotencyKey: 'Idempotency-Key',
  ifMatch: 'If-Match',
  ifNoneMatch: 'If-None-Match',
  lastEventId: 'Last-Event-ID',
  minFeedPosition: 'Min-Feed-Position',
  requestId: 'X-Request-Id',
  traceparent: 'traceparent',
} as const satisfies { readonly [Name in HeaderName as OptionName<Name>]: Name };

type ParametersOf<Id extends OperationId, In extends 'query' | 'header'> = Exclude<
  operations[Id]['parameters'][In],
  undefined
>;

type HeaderName = { [Id in OperationId]: keyof ParametersOf<Id, 'header'> }[OperationId];

type QueryOptions<Query> = [Query] extends [never]
  ? unknown
  : { readonly [Name in keyof Query]?: OrDate<Name, Query[Name]> | undefined };

/** `Last-Event-ID` is no option: `followChanges` keeps track of it. */
type HeaderOptions<Headers> = {
  readonly [Name in Exclude<keyof Headers, 'Last-Event-ID'> as OptionName<Name>]?: Headers[Name] | undefined;
};

/** Filters by time, such as `createdAfter`, also accept a `Date`. */
type OrDate<Name, Value> = Name extends `${string}${'After' | 'Before'}` ? Value | Date : Value;

/** `ifNoneMatch` for `If-None-Match`, `requestId` for `X-Request-Id`. */
type OptionName<Header> = Header extends `X-${infer Rest}`
  ? OptionName<Rest>
  : Header extends string
    ? Uncapitalize<PascalCase<Header>>
    : never;

type PascalCase<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${PascalCase<First>}${PascalCase<Rest>}`
  : Capitalize<Lowercase<Name>>;
