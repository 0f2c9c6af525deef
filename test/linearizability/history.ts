/** The operations of clients on one customer, and their outcomes. */

/** A client's request. Each change writes the operation's id as the value, which identifies the writer. */
export type Action =
  | { readonly kind: 'read' | 'create' | 'restore' }
  | { readonly kind: 'update' | 'delete'; readonly ifMatch?: number | undefined };

export type Outcome =
  /** Success: the version, and the value if the response has one. */
  | { readonly kind: 'done'; readonly version?: number; readonly value?: string }
  /** Unknown customer (404), deleted (410), or in another state than required (412). */
  | { readonly kind: 'absent' | 'deleted' | 'conflict' }
  /** 503 that says nothing was stored. */
  | { readonly kind: 'not stored' }
  /** No response, or an inconclusive one: it may have happened, may still happen, or never will. */
  | { readonly kind: 'unknown' };

export interface Operation {
  /** Unique; sent as X-Request-Id. */
  readonly id: string;
  readonly action: Action;
  readonly outcome: Outcome;
  /** Times of the call and the response, by one clock. */
  readonly calledAt: number;
  readonly returnedAt: number;
}

/** A version and the operation that created it, from the customer's history. */
export interface LogEntry {
  readonly version: number;
  readonly kind: string;
  readonly operationId: string;
}

/** The kind of history entry that each action leaves. */
export const entryKinds: Readonly<Record<Action['kind'], string | undefined>> = {
  read: undefined,
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  restore: 'restored',
};

/** The end of an operation; one with an unknown outcome may take effect at any later time. */
export function endOf({ outcome, returnedAt }: Operation): number {
  return outcome.kind === 'unknown' ? Number.POSITIVE_INFINITY : returnedAt;
}
