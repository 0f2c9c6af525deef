import type { IdempotentRequest, WriteContext } from '../../domain/ports.ts';
import type { Precondition } from '../../domain/preconditions.ts';
import { parseTagCondition } from '../conditional.ts';
import type { HandlerContext } from '../dispatch.ts';

type HandlerRequest = HandlerContext['request'];

/** Who writes, on which request. */
export function writeContext({ context }: HandlerRequest, validateOnly = false): WriteContext {
  return {
    actor: context.principal.name,
    source: 'api',
    requestId: context.requestId,
    validateOnly,
    idempotency: undefined,
    deadlineMs: context.deadlineMs,
    trace: context.trace,
  };
}

/**
 * The conditions of a write.
 * @throws Failure `malformed_request` for a header that is not a list of entity tags.
 */
export function preconditionFrom(
  headers: { readonly 'If-Match'?: string; readonly 'If-None-Match'?: string },
  required: boolean,
): Precondition {
  return {
    ifMatch: parseTagCondition('If-Match', headers['If-Match']),
    ifNoneMatch: parseTagCondition('If-None-Match', headers['If-None-Match']),
    required,
  };
}

/** The request's Idempotency-Key with all that makes it the same request again; undefined without a key. */
export function idempotencyOf(request: HandlerRequest): IdempotentRequest | undefined {
  const { context, method, originalUrl, headers } = request;
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || !context.operation) return undefined;
  const conditions = ['if-match', 'if-none-match'].map((name) => String(headers[name] ?? ''));
  return {
    key,
    scope: [context.principal.name, context.operation.id],
    fingerprint: [method, originalUrl, ...conditions, context.bodyBytes ?? ''],
  };
}
