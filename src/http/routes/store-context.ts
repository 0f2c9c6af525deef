import type { IdempotentRequest, ReadContext, WriteContext } from '../../domain/context.ts';
import type { Precondition } from '../../domain/preconditions.ts';
import { parseTagCondition } from '../conditional.ts';
import type { HandlerContext } from '../dispatch.ts';

type HandlerRequest = HandlerContext['request'];

/** The context of a read. */
export function readContext(
  headers: { readonly 'Min-Feed-Position'?: string },
  { context }: HandlerRequest,
): ReadContext {
  return { minFeedPosition: headers['Min-Feed-Position'], trace: context.trace };
}

/** The context of a write without an Idempotency-Key. */
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

/** The context of a write with the request's Idempotency-Key, if it has one. */
export function keyedWriteContext(request: HandlerRequest, validateOnly = false): WriteContext {
  return { ...writeContext(request, validateOnly), idempotency: idempotentRequest(request) };
}

/** The request's Idempotency-Key and its fingerprint; undefined without a key. */
function idempotentRequest(request: HandlerRequest): IdempotentRequest | undefined {
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

/**
 * Parses If-Match and If-None-Match of a write.
 * @param required whether the service refuses writes without If-Match.
 * @throws HttpFailure `malformed_request`.
 */
export function parsePrecondition(
  headers: { readonly 'If-Match'?: string; readonly 'If-None-Match'?: string },
  required: boolean,
): Precondition {
  return {
    ifMatch: parseTagCondition('If-Match', headers['If-Match']),
    ifNoneMatch: parseTagCondition('If-None-Match', headers['If-None-Match']),
    required,
  };
}
