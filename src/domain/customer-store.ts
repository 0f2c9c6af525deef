import type { Call } from '../contract/handler.ts';
import type { Customer, CustomerList, Rendered, RenderedBytes } from '../contract/types.ts';
import type { ChangeSource, Command } from './commands.ts';
import type { TracedRequest } from './context.ts';

/**
 * The customers as they are stored. Every promise may reject with Failure `unavailable` (503).
 *
 * A read answers the newest state. With a `minFeedPosition` it may answer any that includes that position of the
 * change feed, and is not older than a minute. `trace` is the request that it is for, where that one is recorded.
 */
export interface CustomerStore {
  /**
   * The live customer with this id.
   * Rejects with Failure `customer_not_found`, `customer_deleted` or `customer_erased`.
   */
  get(id: string, minFeedPosition?: string, trace?: TracedRequest): Promise<StoredCustomer>;

  /**
   * The live customer that holds this externalId.
   * Rejects with Failure `customer_not_found`.
   */
  getByExternalId(
    externalId: string,
    minFeedPosition?: string,
    trace?: TracedRequest,
  ): Promise<StoredCustomer>;

  /**
   * One page of the customers that the query selects.
   * Rejects with Failure `invalid_cursor` for a cursor that this query did not make.
   */
  list(query: ListQuery, minFeedPosition?: string, trace?: TracedRequest): Promise<CustomerPage>;

  /**
   * Opens an export of the customers that the filters select, in the order of their creation.
   * A page that cannot be read rejects.
   */
  export(filters: ListFilters, minFeedPosition?: string, trace?: TracedRequest): Promise<CustomerExport>;

  /**
   * Does a command and resolves when it is durable. Two writes of one customer never overlap, and a unique
   * index decides over email and externalId.
   * Rejects with the failures of `decide`, `customer_erased`, `email_taken`, `external_id_taken`,
   * `idempotency_key_reused`, `idempotency_key_in_use` or `answer_expired`; nothing was stored then.
   */
  write(command: Command, context: WriteContext): Promise<WriteOutcome>;

  /** What keeps it from serving now; empty when nothing does. Never rejects. */
  checkReady(): Promise<readonly ReadinessFault[]>;
}

export interface StoredCustomer {
  readonly body: Rendered<Customer>;
  readonly etag: string;
}

export interface CustomerPage {
  readonly body: RenderedBytes<CustomerList>;
  /** The cursor that `body.nextCursor` holds. */
  readonly nextCursor: string | null;
}

/** Customers as they are when their page is read: a change meanwhile is in the feed after `feedPosition`. */
export interface CustomerExport {
  readonly feedPosition: string;
  /** Each a number of lines, a rendered customer and a line feed. Read when asked for, and one ahead. */
  readonly pages: AsyncIterable<Uint8Array>;
}

export type SortKey = 'createdAt' | 'updatedAt' | 'name';

/** A list request with its defaults applied. Times are RFC 3339 UTC with milliseconds. */
export interface ListQuery {
  readonly filters: ListFilters;
  readonly sortKey: SortKey;
  readonly descending: boolean;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly includeTotal: boolean;
}

/** What a list may be narrowed by: the contract's parameters but for those of the page itself. */
export type ListFilters = Omit<Call<'listCustomers'>['query'], 'limit' | 'cursor' | 'sort' | 'includeTotal'>;

/** Who writes, on which request, and how. */
export interface WriteContext {
  /** The principal's name: the actor of the change. */
  readonly actor: string;
  readonly source: ChangeSource;
  readonly requestId: string;
  /** Tell what would be stored, decided by the real indexes, and store nothing. */
  readonly validateOnly: boolean;
  readonly idempotency: IdempotentRequest | undefined;
  /** When the caller stops waiting, as milliseconds since 1970. */
  readonly deadlineMs: number;
  /** The request, where it is recorded. */
  readonly trace?: TracedRequest | undefined;
}

/** A request that carries an Idempotency-Key. */
export interface IdempotentRequest {
  readonly key: string;
  /** The key is unique for a principal's name and an operation. */
  readonly scope: readonly [principal: string, operationId: string];
  /** What makes it the same request: method, path, query, conditional headers, body bytes. */
  readonly fingerprint: readonly (string | Uint8Array)[];
}

export interface WriteOutcome {
  readonly id: string;
  readonly body: Rendered<Customer>;
  readonly etag: string;
  readonly created: boolean;
  /** Whether the customer was so before, and nothing was stored. */
  readonly unchanged?: boolean;
  /** A feed position that the customer's last change has not passed. */
  readonly feedPosition: string;
  /** Whether nothing was stored, for it was only asked what would be. */
  readonly validated: boolean;
  /** Whether this is the answer to an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean;
}

/** What has to hold so that the next request can be served: operators read these names. */
export const readinessChecks = ['service', 'database', 'file', 'schema', 'writes'] as const;

export type ReadinessCheck = (typeof readinessChecks)[number];

/** A check that does not hold. */
export interface ReadinessFault {
  readonly check: ReadinessCheck;
  /** For the operator, without names of hosts or files. */
  readonly detail: string;
  /** What really happened, for the log only. */
  readonly cause?: unknown;
}

/** What waits for the database in one queue. */
export interface QueueLoad {
  readonly waiting: number;
  /**
   * How long work that comes now would wait, as far as can be told: by how many are before it and how long they
   * take of late, or as long as whoever waits longest.
   */
  readonly waitMs: number;
}

/** What waits for the database: the service takes on no more than can be done in time. */
export interface StoreLoad {
  readonly writes: QueueLoad;
  readonly reads: QueueLoad;
}
