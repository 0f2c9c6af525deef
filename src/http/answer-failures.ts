import type { ErrorRequestHandler, Request } from 'express';
import { Failure } from '../domain/failures.ts';
import { translateFailure } from './failure-translation.ts';
import { sendProblem } from './problem.ts';

/** Turns whatever a request ended in into problem details, in this one place. */
export const answerFailures: ErrorRequestHandler = function answerFailures(error, request, response, _next) {
  const failure = translated(error, request);
  const { context } = request;
  context.failureCode = failure.code;
  context.failureCause = failure.cause;
  if (response.headersSent) {
    // The reply is under way and cannot be taken back: cut it, so that nobody takes half of it for whole.
    response.destroy();
    return;
  }
  sendProblem(response, failure, {
    requestId: context.requestId,
    declaresUnprocessable: context.operation?.declaresUnprocessable ?? false,
  });
};

/** Whatever fails in here would be answered by Express itself, with a stack. */
function translated(error: unknown, request: Request): Failure {
  try {
    return translateFailure(error, request);
  } catch (cause) {
    return new Failure('internal_error', 'The service failed. The request id finds the reason in its log.', {
      cause,
    });
  }
}
