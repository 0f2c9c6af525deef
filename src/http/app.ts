import cors from 'cors';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { TrustedProxies } from '../config/parsers.ts';
import { type ContractDocument, contract, type OperationObject } from '../contract/document.ts';
import type { Handlers } from '../contract/handler.ts';
import { requiredScopes } from '../contract/operations.ts';
import { type Authenticator, unrestricted } from '../domain/authentication.ts';
import { dispatch, type HandlerContext } from './dispatch.ts';
import { securityHeaders } from './headers.ts';
import { authenticate, authorize } from './middleware/authentication.ts';
import { continueBody, readBody } from './middleware/body.ts';
import { checkMediaTypes } from './middleware/content-negotiation.ts';
import { type AdmissionOptions, createAdmission } from './middleware/load-shedding.ts';
import { keepToThisMachine } from './middleware/loopback-guard.ts';
import { createRateLimits, type RateLimitOptions, trustProxies } from './middleware/rate-limit.ts';
import { checkRequestLine } from './middleware/request-line.ts';
import { matchOperation } from './middleware/router.ts';
import { createContractValidator, validateStrictly } from './middleware/validation.ts';
import { answerFailures } from './problem.ts';
import { type BeginRequestOptions, beginRequest } from './request-context.ts';
import { answerOperationalPaths, type OperationalParts } from './routes/system.ts';
import { closeWhenStopping } from './shutdown.ts';

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

/** All steps of a request's journey as one of Express's, in which they can be seen. */
export interface Journey extends RequestHandler {
  readonly steps: readonly RequestHandler[];
}

/**
 * Makes one step of many, each of which goes on, answers, throws or rejects as it would in Express by itself. To find
 * the next of a dozen and a half steps and of all routes, Express compares the path with each: 8% of a GET's CPU time.
 */
export function journeyOf(steps: readonly RequestHandler[]): Journey {
  return Object.assign(
    function journey(request: Request, response: Response, done: (error?: unknown) => void): void {
      let place = 0;
      function next(error?: unknown): void {
        const step = error === undefined ? steps[place] : undefined;
        place += 1;
        if (step) take(step, request, response, next);
        else done(error);
      }
      next();
    },
    { steps },
  );
}

function take(
  step: RequestHandler,
  request: Request,
  response: Response,
  next: (error?: unknown) => void,
): void {
  try {
    const taken: unknown = step(request, response, next);
    if (taken instanceof Promise)
      taken.catch((error) => next(error ?? new Error('A step of the journey failed.')));
  } catch (error) {
    next(error);
  }
}

/** The security schemes of the contract that `authenticate` handles. */
const handledSchemes = ['bearer'];

const scopePattern = /^[a-z]+:[a-z]+$/;

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/**
 * Refuses to start a service in which something is open that should not be: each operation names a scheme that is
 * handled and the scope that it needs, and nothing is served beside the journey, which has all steps of every request.
 * An operation that is open to everybody (`security: []`) is not provided for.
 * @throws Error naming everything that is wrong.
 */
export function assertSecured(contract: ContractDocument, app: Express): void {
  const faults = [...operationsOf(contract).flatMap(faultsOfOperation), ...faultsOfRoutes(app)];
  if (faults.length > 0) throw new Error(`Not everything is secured:\n${faults.join('\n')}`);
}

function operationsOf({ paths }: ContractDocument): OperationObject[] {
  return Object.values(paths).flatMap((item) => methods.flatMap((method) => item[method] ?? []));
}

function faultsOfOperation(operation: OperationObject): string[] {
  const { operationId: id, security, 'x-required-scope': scope } = operation;
  const schemes = (security ?? []).map((alternative) => Object.keys(alternative));
  // An empty alternative (`{}`) would mean that no credential is needed.
  const handled = schemes.every((names) => names.length === 1 && handledSchemes.includes(names[0] ?? ''));
  return [
    ...(schemes.length > 0 && handled ? [] : [`${id} must have security: [{bearer: []}]`]),
    ...(scope !== undefined && scopePattern.test(scope) ? [] : [`${id} must have an x-required-scope`]),
  ];
}

interface Layer {
  readonly name: string;
  readonly route?: { readonly path: unknown };
}

/** What else was added to the application would be served to whoever comes. */
function faultsOfRoutes(app: Express): string[] {
  const { stack } = app.router as unknown as { readonly stack: readonly Layer[] };
  return stack
    .filter(({ name }) => name !== 'journey' && name !== 'answerFailures')
    .map(({ name, route }) => `${route ? `the route ${route.path}` : name} is beside the journey`);
}
