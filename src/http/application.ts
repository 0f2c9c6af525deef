import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import type { TrustedProxies } from '../config/parsers.ts';
import { contract } from '../contract/document.ts';
import type { Handlers } from '../contract/handler.ts';
import { requiredScopes } from '../contract/operations.ts';
import type { Authenticator } from '../domain/authentication.ts';
import { unrestricted } from '../domain/principal.ts';
import { type AdmissionOptions, createAdmission } from './admission.ts';
import { answerFailures } from './answer-failures.ts';
import { assertSecured } from './assert-secured.ts';
import { authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';
import type { BeginRequestOptions } from './begin-request.ts';
import { beginRequest } from './begin-request.ts';
import { readBody } from './body.ts';
import { trustProxies } from './caller-address.ts';
import { continueBody } from './continue-body.ts';
import { createContractValidator } from './contract-validator.ts';
import type { HandlerContext } from './dispatch.ts';
import { dispatch } from './dispatch.ts';
import { closeWhenStopping } from './draining.ts';
import { journeyOf } from './journey.ts';
import { matchOperation } from './match-operation.ts';
import { checkMediaTypes } from './media-types.ts';
import type { OperationalParts } from './operational-routes.ts';
import { answerOperationalPaths } from './operational-routes.ts';
import type { RateLimitOptions } from './rate-limits.ts';
import { createRateLimits } from './rate-limits.ts';
import { checkRequestLine } from './request-line.ts';
import { keepToThisMachine } from './same-machine.ts';
import { securityHeaders } from './security-headers.ts';
import { validateStrictly } from './strict-parameters.ts';

export interface ApplicationParts
  extends BeginRequestOptions,
    Omit<OperationalParts, 'authenticate'>,
    RateLimitOptions,
    AdmissionOptions {
  readonly handlers: Handlers<HandlerContext>;
  readonly corsOrigins: readonly string[];
  /** What credentials are checked by; undefined where anybody may do anything (`AUTH=off`). */
  readonly authenticator: Authenticator | undefined;
  /** Whether only this machine can reach the service. */
  readonly loopback: boolean;
  readonly trustedProxies: TrustedProxies;
}

/**
 * A request's journey, in the order in which it is made.
 * @throws Error when something would be open that should not be.
 */
export async function createApplication(parts: ApplicationParts): Promise<Express> {
  const { authenticator, corsOrigins } = parts;
  const validator = await createContractValidator();
  const admission = createAdmission(parts);
  const identify = authenticate({
    authenticator,
    everyone: unrestricted(requiredScopes),
    limits: createRateLimits(parts),
  });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  trustProxies(app, parts.trustedProxies);

  app.use(
    journeyOf([
      beginRequest(parts),
      closeWhenStopping(parts.lifecycle),
      checkRequestLine,
      ...(corsOrigins.length > 0 ? allowOrigins(corsOrigins) : []),
      ...(parts.loopback && !authenticator ? [keepToThisMachine(corsOrigins)] : []),
      answerOperationalPaths({ ...parts, authenticate: authenticator && identify }),
      admission.refuseOverload,
      // From here on nobody is let through who is nobody, whatever the path.
      identify,
      matchOperation(validator),
      authorize,
      checkMediaTypes,
      continueBody,
      readBody(),
      validateStrictly(validator.validate),
      dispatch(parts.handlers, admission),
    ]),
  );
  app.use(answerFailures);
  assertSecured(contract, app);
  return app;
}

/** What a browser's script may read of a reply, beside its body. */
const exposedHeaders = [
  'Deprecation',
  'ETag',
  'Feed-Position',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sunset',
  'WWW-Authenticate',
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
