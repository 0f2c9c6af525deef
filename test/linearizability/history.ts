/** What clients did to one customer, and what became of it. */

/** What a client asked for. Each change writes the operation's own id, so that a value tells who wrote it. */
export type Action =
  | { readonly kind: 'read' | 'create' | 'restore' }
  | { readonly kind: 'update' | 'delete'; readonly ifMatch?: number | undefined };

export type Outcome =
  /** Done, by the service's word: the version, and the value where the answer holds one. */
  | { readonly kind: 'done'; readonly version?: number; readonly value?: string }
  /** There was no such customer (404), it was deleted (410), or in another state than asked for (412). */
  | { readonly kind: 'absent' | 'deleted' | 'conflict' }
  /** 503 with the word that nothing was stored. */
  | { readonly kind: 'not stored' }
  /** No answer, or one that does not say: it may be done, may be yet, or never. */
  | { readonly kind: 'unknown' };

export interface Operation {
  /** Unique; the X-Request-Id. */
  readonly id: string;
  readonly action: Action;
  readonly outcome: Outcome;
  /** When it was sent and when its answer was there, by one clock. */
  readonly calledAt: number;
  readonly returnedAt: number;
}

/** A version that came about, and by which operation: the customer's own history. */
export interface LogEntry {
  readonly version: number;
  readonly kind: string;
  readonly operationId: string;
}

/** The kind of entry that each action leaves. */
export const entryKinds: Readonly<Record<Action['kind'], string | undefined>> = {
  read: undefined,
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  restore: 'restored',
};

/** What it was not known to have ended may still take effect. */
export function endOf({ outcome, returnedAt }: Operation): number {
  return outcome.kind === 'unknown' ? Number.POSITIVE_INFINITY : returnedAt;
}
