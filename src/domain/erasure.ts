import type { Customer, ErasureReceipt } from '../contract/types.ts';
import type { WriteContext } from './context.ts';
import { customerFieldNames } from './customer.ts';
import { checkPrecondition, type Precondition } from './preconditions.ts';

/** Erases customers for good (GDPR article 17). */
export interface ErasureStore {
  /**
   * Erases a customer, live or deleted. Resolves when its data has left every row and, on SQLite, the database files.
   * Repeating it returns the same receipt.
   *
   * Rejects with Failure `customer_not_found`, `precondition_required`, `precondition_failed`,
   * `idempotency_key_reused` or `idempotency_key_in_use`, having erased nothing; or with `unavailable`, whose
   * detail says whether the customer is already erased.
   */
  erase(id: string, precondition: Precondition, context: WriteContext): Promise<ErasureOutcome>;
}

/** The response to an erasure. */
export interface ErasureOutcome {
  readonly receipt: ErasureReceipt;
  readonly feedPosition: string;
  /** Whether the receipt is replayed from an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean;
}

/** The final version of an erased customer. */
export interface ErasureDecision {
  readonly version: number;
  readonly erasedAt: string;
  /** The number of fields that were not empty. */
  readonly fields: number;
}

/**
 * Checks the preconditions of an erasure and computes the final version.
 * @throws Failure `precondition_required` or `precondition_failed`.
 */
export function decideErasure(customer: Customer, precondition: Precondition, at: string): ErasureDecision {
  checkPrecondition(precondition, customer.etag, false);
  return {
    version: customer.version + 1,
    // The clock may have been set back; times must never decrease.
    erasedAt: at > customer.updatedAt ? at : customer.updatedAt,
    fields: customerFieldNames.filter((name) => !isEmpty(customer[name])).length,
  };
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
