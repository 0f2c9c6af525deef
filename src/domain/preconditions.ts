import { Failure } from './failures.ts';

/** An entity tag (RFC 9110 section 8.8.3). `opaqueTag` includes its quotes. */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaqueTag: string;
}

/** The value of If-Match or If-None-Match. */
export type TagCondition = '*' | readonly EntityTag[];

/** The conditions of a write, evaluated inside its transaction (RFC 9110 section 13). */
export interface Precondition {
  readonly ifMatch?: TagCondition | undefined;
  readonly ifNoneMatch?: TagCondition | undefined;
  /** Whether unconditional changes are refused (`REQUIRE_IF_MATCH`). */
  readonly required?: boolean;
}

/** Whether the current tag satisfies If-Match. Strong comparison: a weak tag never matches. */
export function matchesStrongly(condition: TagCondition, current: string): boolean {
  return condition === '*' || condition.some((tag) => !tag.weak && tag.opaqueTag === current);
}

/** Whether the current tag is listed in If-None-Match. Weak comparison (RFC 9110 section 13.1.2). */
export function matchesWeakly(condition: TagCondition, current: string): boolean {
  return condition === '*' || condition.some((tag) => tag.opaqueTag === current);
}

/**
 * Checks a write's conditions against the current version.
 * @param mayCreate whether `If-None-Match: *` marks the write as a creation, which needs no If-Match.
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
 * Checks a write's conditions when there is no current version: If-Match always fails (RFC 9110 section 13.2.2).
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
