import type { RequestHandler } from 'express';

/**
 * Asks for the body that a client holds back (`Expect: 100-continue`), now that there is somebody to read it. Node by
 * itself would ask before anybody has looked whose request it is.
 */
export const continueBody: RequestHandler = function continueBody(request, response, next) {
  if (request.headers.expect !== undefined) response.writeContinue();
  next();
};
