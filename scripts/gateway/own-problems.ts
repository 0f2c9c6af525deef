import { HttpFailure, type ProblemCode, problemFor } from '../../src/http/problem.ts';

/** What a gateway answers by itself, in the service's own words and form. */
interface OwnProblem {
  /** Statuses by which the gateway knows it. */
  readonly when: readonly number[];
  readonly status: number;
  readonly retryAfterSeconds?: number;
  readonly name: string;
  readonly body: string;
}

/** @param requestId how the gateway writes the request's id. */
export function ownProblems(requestId: string): readonly OwnProblem[] {
  const problem = (code: ProblemCode, detail: string) => {
    const context = { requestId, declaresUnprocessable: true };
    const told = problemFor(new HttpFailure(code, detail), context);
    return { name: code, status: told.status, body: JSON.stringify(told) };
  };
  return [
    { when: [404], ...problem('not_found', 'There is nothing at this path.') },
    { when: [413], ...problem('body_too_large', 'The body is larger than this operation takes.') },
    {
      when: [429],
      retryAfterSeconds: 1,
      ...problem('rate_limited', 'Too many requests from this address. Try again after Retry-After.'),
    },
    {
      when: [502, 503, 504],
      retryAfterSeconds: 2,
      ...problem(
        'unavailable',
        'No instance has answered. If it was a write, read what became of it, or repeat it with its Idempotency-Key.',
      ),
    },
  ];
}
