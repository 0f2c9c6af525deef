import type { Call } from '../contract/handler.ts';
import type { Customer, CustomerList, Rendered, RenderedBytes } from '../contract/types.ts';
import type { Command } from './commands.ts';
import type { ReadContext, WriteContext } from './context.ts';

/** Stores customers. Every method may reject with Failure `unavailable`. */
export interface CustomerStore {
  /**
   * Returns the live customer with this id.
   * Rejects with Failure `customer_not_found`, `customer_deleted` or `customer_erased`.
   */
  get(id: string, context?: ReadContext): Promise<StoredCustomer>;

  /**
   * Returns the live customer with this externalId.
   * Rejects with Failure `customer_not_found`.
   */
  getByExternalId(externalId: string, context?: ReadContext): Promise<StoredCustomer>;

  /**
   * Returns one page of the customers that match the query.
   * Rejects with Failure `invalid_cursor` for a cursor of another query, and `search_too_broad`.
   */
  list(query: ListQuery, context?: ReadContext): Promise<CustomerPage>;

  /** Exports the customers that match the filters, oldest first. Iterating the pages may reject. */
  export(filters: ListFilters, context?: ReadContext): Promise<CustomerExport>;

  /**
   * Executes a command and resolves when it is durable. Writes to one customer are serialized.
   * Rejects with the failures of `decide`, `customer_erased`, `email_taken`, `external_id_taken`,
   * `idempotency_key_reused`, `idempotency_key_in_use` or `answer_expired`, having stored nothing. After `unavailable` the write may have been stored.
   */
  write(command: Command, context: WriteContext): Promise<WriteOutcome>;

  /** Returns the readiness checks that fail now. Never rejects. */
  checkReady(): Promise<readonly FailedCheck[]>;
}

/** A customer rendered for the response. */
export interface StoredCustomer {
  readonly body: Rendered<Customer>;
  readonly etag: string;
}

/** A page of customers rendered for the response. */
export interface CustomerPage {
  readonly body: RenderedBytes<CustomerList>;
  /** The cursor that `body.nextCursor` holds. */
  readonly nextCursor: string | null;
}

/**
 * An export under way. Each page is read when it is requested, so a customer may be newer than `feedPosition`; such
 * changes are in the feed after it.
 */
export interface CustomerExport {
  readonly feedPosition: string;
  /** NDJSON: one rendered customer per line. One page is read ahead. */
  readonly pages: AsyncIterable<Uint8Array>;
}

export type SortKey = 'createdAt' | 'updatedAt' | 'name';

/** A list request with its defaults applied. Times are RFC 3339 in UTC with milliseconds. */
export interface ListQuery {
  readonly filters: ListFilters;
  readonly sortKey: SortKey;
  readonly descending: boolean;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly includeTotal: boolean;
}

/** The filters of a list: the contract's query parameters without paging and sorting. */
export type ListFilters = Omit<Call<'listCustomers'>['query'], 'limit' | 'cursor' | 'sort' | 'includeTotal'>;

/** The result of a write. */
export interface WriteOutcome {
  readonly id: string;
  readonly body: Rendered<Customer>;
  readonly etag: string;
  readonly created: boolean;
  /** True when the customer already was as requested and nothing was stored. */
  readonly unchanged?: boolean;
  /** A feed position that includes the customer's last change. */
  readonly feedPosition: string;
  /** True for a dry run: nothing was stored. */
  readonly validated: boolean;
  /** True when this repeats the answer to an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean;
}

/** The checks behind `/health/ready`. Their names are part of its response. */
export const readinessChecks = ['service', 'database', 'file', 'schema', 'writes'] as const;

export type ReadinessCheck = (typeof readinessChecks)[number];

/** A readiness check that fails. */
export interface FailedCheck {
  readonly check: ReadinessCheck;
  /** For the operator; names no hosts or files. */
  readonly detail: string;
  /** The underlying error, for the log only. */
  readonly cause?: unknown;
}

/** The length of a queue in front of the database. */
export interface QueueStats {
  readonly waiting: number;
  /** The wait to expect on joining now: an estimate, and at least as long as the oldest entry has waited. */
  readonly waitMs: number;
}

/** The queues in front of the database, from which load shedding decides. */
export interface StoreQueueStats {
  readonly writes: QueueStats;
  readonly reads: QueueStats;
}
