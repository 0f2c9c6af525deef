import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import type { Handlers } from '../contract/handler.ts';
import { type AdmissionOptions, createAdmission } from './admission.ts';
import { answerFailures } from './answer-failures.ts';
import type { BeginRequestOptions } from './begin-request.ts';
import { beginRequest } from './begin-request.ts';
import { readBody } from './body.ts';
import { createContractValidator } from './contract-validator.ts';
import type { HandlerContext } from './dispatch.ts';
import { dispatch } from './dispatch.ts';
import { closeWhenStopping } from './draining.ts';
import { matchOperation } from './match-operation.ts';
import { checkMediaTypes } from './media-types.ts';
import type { OperationalParts } from './operational-routes.ts';
import { addOperationalRoutes } from './operational-routes.ts';
import { checkRequestLine } from './request-line.ts';
import { securityHeaders } from './security-headers.ts';
import { checkQuery } from './strict-parameters.ts';

export interface ApplicationParts extends BeginRequestOptions, OperationalParts, AdmissionOptions {
  readonly handlers: Handlers<HandlerContext>;
  readonly corsOrigins: readonly string[];
}

/** A request's journey, in the order in which it is made. */
export async function createApplication(parts: ApplicationParts): Promise<Express> {
  const validator = await createContractValidator();
  const admission = createAdmission(parts);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');

  app.use(beginRequest(parts));
  app.use(closeWhenStopping(parts.lifecycle));
  app.use(checkRequestLine);
  if (parts.corsOrigins.length > 0) app.use(...allowOrigins(parts.corsOrigins));
  addOperationalRoutes(app, parts);
  app.use(admission.refuseOverload);
  app.use(matchOperation(validator.match));
  app.use(checkMediaTypes);
  app.use(readBody());
  app.use(checkQuery);
  app.use(validator.validate);
  app.use(dispatch(parts.handlers, admission));
  app.use(answerFailures);
  return app;
}

/** What a browser's script may read of a reply, beside its body. */
const exposedHeaders = [
  'ETag',
  'Feed-Position',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'Retry-After',
  'X-Request-Id',
];

function allowOrigins(origins: readonly string[]): RequestHandler[] {
  const identifyReply: RequestHandler = (request, response, next) => {
    // The answer to a preflight is not ours to write.
    response.setHeader('X-Request-Id', request.context.requestId);
    if (request.method === 'OPTIONS') {
      for (const [name, value] of Object.entries(securityHeaders(request.socket)))
        response.setHeader(name, value);
    }
    next();
  };
  const allow = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders,
    maxAge: 600,
  });
  return [identifyReply, allow];
}
