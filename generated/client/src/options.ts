// Generated from openapi.yaml by `npm run generate`. Never edited.

import type { CallOptions } from './operation.ts';
import type { CustomerId, CustomerType, CustomerStatus, Instant, PageCursor, FeedPosition } from './types.ts';

/** What `listCustomers` takes besides. */
export interface ListCustomersOptions extends CallOptions {
  /** The most customers to answer in one page; 20 when absent. */
  readonly limit?: number | undefined;
  /**
   * Where to go on: the `nextCursor` of the page before, unchanged, with the same filters and sort. Opaque.
   * Refused with 400 `invalid_cursor` if it is broken or belongs to another query.
   */
  readonly cursor?: PageCursor | undefined;
  /**
   * The order; `-createdAt` when absent. A leading `-` is descending. `name` ignores case and accents and
   * goes by the first 100 characters. Ties are broken by id for `name`, and else by the order of creation.
   * Beside `q` only `createdAt` and `-createdAt` are possible.
   */
  readonly sort?: 'createdAt' | '-createdAt' | 'updatedAt' | '-updatedAt' | 'name' | '-name' | undefined;
  /** Only customers with one of these ids, at most 100, separated by commas. */
  readonly id?: CustomerId[] | undefined;
  /** Only customers with this email, whatever its case; at most one of them is live. */
  readonly email?: string | undefined;
  /** Only customers with this phone number, in E.164. Write its `+` as `%2B`. */
  readonly phone?: string | undefined;
  /** Only customers with this externalId; at most one of them is live. */
  readonly externalId?: string | undefined;
  /** Only customers with this status. */
  readonly status?: CustomerStatus | undefined;
  /** Only customers of this type. */
  readonly type?: CustomerType | undefined;
  /** Only customers that carry exactly this tag. */
  readonly tag?: string | undefined;
  /** Only customers created at this instant or later. Write the `+` of an offset as `%2B`. */
  readonly createdAfter?: Instant | Date | undefined;
  /** Only customers created before this instant. Write the `+` of an offset as `%2B`. */
  readonly createdBefore?: Instant | Date | undefined;
  /** Only customers last changed at this instant or later. Write the `+` of an offset as `%2B`. */
  readonly updatedAfter?: Instant | Date | undefined;
  /** Only customers last changed before this instant. Write the `+` of an offset as `%2B`. */
  readonly updatedBefore?: Instant | Date | undefined;
  /**
   * Only customers whose name, email, phone or externalId contains this text. Case, accents and invisible
   * characters are ignored: `strasse` finds `Straße`, `lodz` finds `Łódź`. Nothing in it is a wildcard. Each
   * write is found at once. It goes with all filters, and with `sort=createdAt` or `-createdAt`, by which is
   * meant the order of creation. Three characters and more are looked up in an index. With one or two the
   * customers are looked through, newest first or oldest first; if that takes longer than a request may, the
   * answer is 503 `search_too_broad`. Write a `+` as `%2B`.
   */
  readonly q?: string | undefined;
  /** With `true`, deleted customers are listed too, told by a `deletedAt` that is not null. */
  readonly includeDeleted?: boolean | undefined;
  /**
   * With `true`, the page also says how many customers match in all: `total`, exact up to 10,000, and
   * `totalIsExact`. It costs a count, so ask for it once, not with every page.
   */
  readonly includeTotal?: boolean | undefined;
  /**
   * Entity tags that you hold, or `*`. If the current one is among them the answer is 304 without a body. A
   * malformed value is refused with 400.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Answer from a state that includes this position of the change feed, and not necessarily from the newest
   * one: what your last write answered as `Feed-Position`. Where the service has a read replica, it may then
   * answer from that, and you still read your own writes; without this header the answer is always the newest
   * state. See "Reading from a replica" above.
   */
  readonly minFeedPosition?: FeedPosition | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `createCustomer` takes besides. */
export interface CreateCustomerOptions extends CallOptions {
  /**
   * With `true`, everything is decided as for a real write and answered with 200 or a refusal, and nothing is
   * stored.
   */
  readonly validateOnly?: boolean | undefined;
  /**
   * Makes the request safe to repeat: new for each intent, the same for each retry of it. 1 to 255 visible
   * ASCII characters, a UUID for example.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `exportCustomers` takes besides. */
export interface ExportCustomersOptions extends CallOptions {
  /** Only customers with this status. */
  readonly status?: CustomerStatus | undefined;
  /** Only customers of this type. */
  readonly type?: CustomerType | undefined;
  /** Only customers that carry exactly this tag. */
  readonly tag?: string | undefined;
  /** Only customers created at this instant or later. Write the `+` of an offset as `%2B`. */
  readonly createdAfter?: Instant | Date | undefined;
  /** Only customers created before this instant. Write the `+` of an offset as `%2B`. */
  readonly createdBefore?: Instant | Date | undefined;
  /** Only customers last changed at this instant or later. Write the `+` of an offset as `%2B`. */
  readonly updatedAfter?: Instant | Date | undefined;
  /** Only customers last changed before this instant. Write the `+` of an offset as `%2B`. */
  readonly updatedBefore?: Instant | Date | undefined;
  /** With `true`, deleted customers are listed too, told by a `deletedAt` that is not null. */
  readonly includeDeleted?: boolean | undefined;
  /**
   * Answer from a state that includes this position of the change feed, and not necessarily from the newest
   * one: what your last write answered as `Feed-Position`. Where the service has a read replica, it may then
   * answer from that, and you still read your own writes; without this header the answer is always the newest
   * state. See "Reading from a replica" above.
   */
  readonly minFeedPosition?: FeedPosition | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `importCustomers` takes besides. */
export interface ImportCustomersOptions extends CallOptions {
  /**
   * With `true`, everything is decided as for a real write and answered with 200 or a refusal, and nothing is
   * stored.
   */
  readonly validateOnly?: boolean | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `getCustomer` takes besides. */
export interface GetCustomerOptions extends CallOptions {
  /**
   * Entity tags that you hold, or `*`. If the current one is among them the answer is 304 without a body. A
   * malformed value is refused with 400.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Answer from a state that includes this position of the change feed, and not necessarily from the newest
   * one: what your last write answered as `Feed-Position`. Where the service has a read replica, it may then
   * answer from that, and you still read your own writes; without this header the answer is always the newest
   * state. See "Reading from a replica" above.
   */
  readonly minFeedPosition?: FeedPosition | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `replaceCustomer` takes besides. */
export interface ReplaceCustomerOptions extends CallOptions {
  /**
   * With `true`, everything is decided as for a real write and answered with 200 or a refusal, and nothing is
   * stored.
   */
  readonly validateOnly?: boolean | undefined;
  /**
   * Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists.
   * A malformed value is refused with 400.
   */
  readonly ifMatch?: string | undefined;
  /**
   * `*` creates the customer only if the id is unused, else 412. Entity tags ask that the current version be
   * none of them.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `updateCustomer` takes besides. */
export interface UpdateCustomerOptions extends CallOptions {
  /**
   * With `true`, everything is decided as for a real write and answered with 200 or a refusal, and nothing is
   * stored.
   */
  readonly validateOnly?: boolean | undefined;
  /**
   * Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists.
   * A malformed value is refused with 400.
   */
  readonly ifMatch?: string | undefined;
  /**
   * Write only if the customer's current entity tag is none of these; else 412. `*` asks that there be none.
   * A malformed value is refused with 400.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `deleteCustomer` takes besides. */
export interface DeleteCustomerOptions extends CallOptions {
  /**
   * Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists.
   * A malformed value is refused with 400.
   */
  readonly ifMatch?: string | undefined;
  /**
   * Write only if the customer's current entity tag is none of these; else 412. `*` asks that there be none.
   * A malformed value is refused with 400.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `restoreCustomer` takes besides. */
export interface RestoreCustomerOptions extends CallOptions {
  /**
   * Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists.
   * A malformed value is refused with 400.
   */
  readonly ifMatch?: string | undefined;
  /**
   * Write only if the customer's current entity tag is none of these; else 412. `*` asks that there be none.
   * A malformed value is refused with 400.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Makes the request safe to repeat: new for each intent, the same for each retry of it. 1 to 255 visible
   * ASCII characters, a UUID for example.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `getCustomerHistory` takes besides. */
export interface GetCustomerHistoryOptions extends CallOptions {
  /** The most entries to answer in one page; 20 when absent. */
  readonly limit?: number | undefined;
  /**
   * Where to go on: the `nextCursor` of the page before, unchanged. Opaque. Refused with 400 `invalid_cursor`
   * if it is broken or belongs to another customer's history.
   */
  readonly cursor?: PageCursor | undefined;
  /**
   * Answer from a state that includes this position of the change feed, and not necessarily from the newest
   * one: what your last write answered as `Feed-Position`. Where the service has a read replica, it may then
   * answer from that, and you still read your own writes; without this header the answer is always the newest
   * state. See "Reading from a replica" above.
   */
  readonly minFeedPosition?: FeedPosition | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `listChanges` takes besides. */
export interface ListChangesOptions extends CallOptions {
  /**
   * Only changes after this position: the `next` of a page, the `id` of a change, or the `Feed-Position` of a
   * write or an export. `latest` is the end of the feed: only what comes from now on. When absent, the feed
   * begins with the oldest change that is kept.
   */
  readonly after?: string | undefined;
  /** The most changes to answer in one page; 100 when absent. An event stream has no pages. */
  readonly limit?: number | undefined;
  /**
   * Answer from a state that includes this position of the change feed, and not necessarily from the newest
   * one: what your last write answered as `Feed-Position`. Where the service has a read replica, it may then
   * answer from that, and you still read your own writes; without this header the answer is always the newest
   * state. See "Reading from a replica" above.
   */
  readonly minFeedPosition?: FeedPosition | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `eraseCustomer` takes besides. */
export interface EraseCustomerOptions extends CallOptions {
  /**
   * Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists.
   * A malformed value is refused with 400.
   */
  readonly ifMatch?: string | undefined;
  /**
   * Makes the request safe to repeat: new for each intent, the same for each retry of it. 1 to 255 visible
   * ASCII characters, a UUID for example.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `getCustomerByExternalId` takes besides. */
export interface GetCustomerByExternalIdOptions extends CallOptions {
  /**
   * Entity tags that you hold, or `*`. If the current one is among them the answer is 304 without a body. A
   * malformed value is refused with 400.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Answer from a state that includes this position of the change feed, and not necessarily from the newest
   * one: what your last write answered as `Feed-Position`. Where the service has a read replica, it may then
   * answer from that, and you still read your own writes; without this header the answer is always the newest
   * state. See "Reading from a replica" above.
   */
  readonly minFeedPosition?: FeedPosition | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}

/** What `upsertCustomerByExternalId` takes besides. */
export interface UpsertCustomerByExternalIdOptions extends CallOptions {
  /**
   * With `true`, everything is decided as for a real write and answered with 200 or a refusal, and nothing is
   * stored.
   */
  readonly validateOnly?: boolean | undefined;
  /**
   * Write only if the customer's current entity tag is one of these; else 412. `*` asks only that it exists.
   * A malformed value is refused with 400.
   */
  readonly ifMatch?: string | undefined;
  /**
   * `*` creates the customer only if none holds the externalId, else 412. Entity tags ask that the current
   * version be none of them.
   */
  readonly ifNoneMatch?: string | undefined;
  /**
   * Makes the request safe to repeat: new for each intent, the same for each retry of it. 1 to 255 visible
   * ASCII characters, a UUID for example.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Your own id for this request, 1 to 128 of `A-Za-z0-9_.:-`; it is sent back and written to the logs. Any
   * other value is ignored and replaced by a new UUID.
   */
  readonly requestId?: string | undefined;
  /** The trace that this request belongs to, as W3C Trace Context. A malformed value is ignored. */
  readonly traceparent?: string | undefined;
}
