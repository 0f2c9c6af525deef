import { Failure } from './failures.ts';

/** An entity tag as RFC 9110 section 8.8.3 writes it; `opaqueTag` includes its quotes. */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaqueTag: string;
}

/** The value of If-Match or If-None-Match: any representation, or one of these. */
export type TagCondition = '*' | readonly EntityTag[];

/** The conditions of a write, evaluated inside its transaction (RFC 9110 section 13). */
export interface Precondition {
  readonly ifMatch?: TagCondition | undefined;
  readonly ifNoneMatch?: TagCondition | undefined;
  /** Whether the service was told to refuse an unconditional change (`REQUIRE_IF_MATCH`). */
  readonly required?: boolean;
}

/** Whether the current tag satisfies If-Match: strong comparison, so that a weak tag never does. */
export function matchesStrongly(condition: TagCondition, current: string): boolean {
  return condition === '*' || condition.some((tag) => !tag.weak && tag.opaqueTag === current);
}

/** Whether the current tag is among those of If-None-Match: weak comparison (section 13.1.2). */
export function matchesWeakly(condition: TagCondition, current: string): boolean {
  return condition === '*' || condition.some((tag) => tag.opaqueTag === current);
}

/**
 * Holds a write's conditions against the customer as it is now.
 * @param mayCreate whether If-None-Match: `*` says that the write means to create, and needs no If-Match then.
 * @throws Failure `precondition_required` or `precondition_failed`.
 */
export function checkPrecondition(precondition: Precondition, currentTag: string, mayCreate: boolean): void {
  const { ifMatch, ifNoneMatch, required } = precondition;
  if (required && ifMatch === undefined && !(mayCreate && ifNoneMatch === '*')) {
    throw new Failure(
      'precondition_required',
      'This service accepts a change only with If-Match. Read the customer and send its ETag.',
    );
  }
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, currentTag)) throw stale();
  if (ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, currentTag)) {
    throw new Failure('precondition_failed', 'A customer that If-None-Match excludes exists already.');
  }
}

/**
 * Holds a write's conditions against a customer that does not exist: If-Match, which comes first, has nothing
 * to match (RFC 9110 section 13.2.2).
 * @throws Failure `precondition_failed`.
 */
export function checkAbsent({ ifMatch }: Precondition): void {
  if (ifMatch !== undefined) throw stale();
}

function stale(): Failure {
  const detail =
    'The customer is not at a version that If-Match names. Read it again and repeat the change on what it is now.';
  return new Failure('precondition_failed', detail);
}
