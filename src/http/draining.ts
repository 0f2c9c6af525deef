import type { RequestHandler } from 'express';
import type { Lifecycle } from '../operations/lifecycle.ts';
import { closeAfter } from './last-reply.ts';

/** While connections come to their end, every reply asks its client to connect anew, to another instance. */
export function closeWhenStopping(lifecycle: Lifecycle): RequestHandler {
  return function closeWhenStopping(_request, response, next) {
    if (lifecycle.closing) closeAfter(response);
    next();
  };
}
