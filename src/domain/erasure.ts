import type { Customer, ErasureReceipt } from '../contract/types.ts';
import { customerFieldNames } from './customer.ts';
import type { WriteContext } from './customer-store.ts';
import { checkPrecondition, type Precondition } from './preconditions.ts';

/** Forgets customers for good. */
export interface ErasureStore {
  /**
   * Erases a customer, live or deleted, and resolves when nothing of it is left in any row nor, where the service
   * owns them, in any file of the database. Repeating it answers the same receipt.
   * Rejects with Failure `customer_not_found`, `precondition_required`, `precondition_failed`,
   * `idempotency_key_reused` or `idempotency_key_in_use`; nothing was erased then. `unavailable` says in its
   * sentence whether the customer is erased already.
   */
  erase(id: string, precondition: Precondition, context: WriteContext): Promise<ErasureOutcome>;
}

export interface ErasureOutcome {
  readonly receipt: ErasureReceipt;
  readonly feedPosition: string;
  /** Whether this is the answer to an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean;
}

/** What a customer comes to when it is erased at this time. */
export interface ErasureDecision {
  readonly version: number;
  readonly erasedAt: string;
  /** How many members held a value of the customer's. */
  readonly fields: number;
}

/** @throws Failure `precondition_required` or `precondition_failed`. */
export function decideErasure(customer: Customer, precondition: Precondition, at: string): ErasureDecision {
  checkPrecondition(precondition, customer.etag, false);
  return {
    version: customer.version + 1,
    // A clock that was set back must not make a later version look older.
    erasedAt: at > customer.updatedAt ? at : customer.updatedAt,
    fields: customerFieldNames.filter((name) => !isEmpty(customer[name])).length,
  };
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
