import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { TrustedProxies } from '../config/parsers.ts';
import { type ContractDocument, contract, type OperationObject } from '../contract/document.ts';
import type { Handlers } from '../contract/handler.ts';
import { requiredScopes } from '../contract/operations.ts';
import { type Authenticator, unrestricted } from '../domain/authentication.ts';
import { type AccessLogDeps, accessLog } from './access-log.ts';
import { trackPipelining } from './connections.ts';
import { dispatch, type HandlerContext } from './dispatch.ts';
import { authenticate, authorize } from './middleware/authentication.ts';
import { continueBody, readBody } from './middleware/body.ts';
import { trustProxies } from './middleware/client-address.ts';
import { checkMediaTypes } from './middleware/content-negotiation.ts';
import { cors } from './middleware/cors.ts';
import { errorHandler } from './middleware/error-handler.ts';
import { createLoadShedder, type LoadShedderDeps, limitPipelining } from './middleware/load-shedding.ts';
import { loopbackGuard } from './middleware/loopback-guard.ts';
import { createRateLimits, type RateLimitOptions } from './middleware/rate-limit.ts';
import { checkRequestLine } from './middleware/request-line.ts';
import { matchOperation } from './middleware/router.ts';
import { createContractValidator, validateStrictly } from './middleware/validation.ts';
import { createRequestContext, type RequestContextDeps } from './request-context.ts';
import { type SystemRoutesDeps, systemRoutes } from './routes/system.ts';
import { closeWhenStopping } from './shutdown.ts';

export interface AppDeps
  extends RequestContextDeps,
    AccessLogDeps,
    Omit<SystemRoutesDeps, 'authenticate'>,
    RateLimitOptions,
    LoadShedderDeps {
  readonly handlers: Handlers<HandlerContext>;
  readonly corsOrigins: readonly string[];
  /** Undefined if authentication is off (`AUTH=off`): every client then has all scopes. */
  readonly authenticator: Authenticator | undefined;
  /** True if the service listens on a loopback address only. */
  readonly loopback: boolean;
  readonly trustedProxies: TrustedProxies;
}

/**
 * Creates the Express application. The pipeline below is every step of a request, in order.
 * @throws Error if an operation or a route is not secured.
 */
export async function createApp(deps: AppDeps): Promise<Express> {
  const { authenticator, corsOrigins, lifecycle, loopback } = deps;
  const validator = await createContractValidator();
  const loadShedder = createLoadShedder(deps);
  const authenticateRequest = authenticate({
    authenticator,
    unauthenticatedPrincipal: unrestricted(requiredScopes),
    limits: createRateLimits(deps),
  });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  trustProxies(app, deps.trustedProxies);

  app.use(
    createPipeline([
      trackPipelining(),
      createRequestContext(deps),
      accessLog(deps),
      limitPipelining,
      closeWhenStopping(lifecycle),
      checkRequestLine,
      ...cors(corsOrigins),
      ...(loopback && !authenticator ? [loopbackGuard(corsOrigins)] : []),
      systemRoutes({ ...deps, authenticate: authenticator && authenticateRequest }),
      loadShedder.shedLoad,
      // Everything below requires an authenticated principal.
      authenticateRequest,
      matchOperation(validator),
      authorize,
      checkMediaTypes,
      continueBody,
      readBody(),
      validateStrictly(validator.validate),
      dispatch(deps.handlers, loadShedder),
    ]),
  );
  app.use(errorHandler);
  assertSecured(contract, app);
  return app;
}

/** Security schemes of the contract that `authenticate` implements. */
const supportedSchemes = ['bearer'];

const scopePattern = /^[a-z]+:[a-z]+$/;

const httpMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/**
 * Checks that every operation declares a supported security scheme and a scope, and that Express has no layer outside
 * the pipeline. Public operations (`security: []`) are not supported.
 * @throws Error naming everything that is not secured.
 */
export function assertSecured(contract: ContractDocument, app: Express): void {
  const faults = [...operationsOf(contract).flatMap(operationFaults), ...layerFaults(app)];
  if (faults.length > 0) throw new Error(`Not everything is secured:\n${faults.join('\n')}`);
}

function operationsOf({ paths }: ContractDocument): OperationObject[] {
  return Object.values(paths).flatMap((item) => httpMethods.flatMap((method) => item[method] ?? []));
}

function operationFaults(operation: OperationObject): string[] {
  const { operationId: id, security, 'x-required-scope': scope } = operation;
  const alternatives = (security ?? []).map((alternative) => Object.keys(alternative));
  // An empty alternative (`{}`) means that no credential is needed.
  const supported = alternatives.every(
    (schemes) => schemes.length === 1 && supportedSchemes.includes(schemes[0] ?? ''),
  );
  return [
    ...(alternatives.length > 0 && supported ? [] : [`${id} must have security: [{bearer: []}]`]),
    ...(scope !== undefined && scopePattern.test(scope) ? [] : [`${id} must have an x-required-scope`]),
  ];
}

interface Layer {
  readonly name: string;
  readonly route?: { readonly path: unknown };
}

function layerFaults(app: Express): string[] {
  const { stack } = app.router as unknown as { readonly stack: readonly Layer[] };
  return stack
    .filter(({ name }) => name !== 'pipeline' && name !== 'errorHandler')
    .map(({ name, route }) => `${route ? `the route ${route.path}` : name} is outside the pipeline`);
}

/** A middleware chain that Express sees as a single layer. */
export interface Pipeline extends RequestHandler {
  readonly steps: readonly RequestHandler[];
}

/**
 * Runs a chain of middleware as one Express layer. Each step calls `next`, responds, throws or rejects as it would in
 * Express, but no path is matched between steps.
 */
export function createPipeline(steps: readonly RequestHandler[]): Pipeline {
  return Object.assign(
    function pipeline(request: Request, response: Response, done: (error?: unknown) => void): void {
      let index = 0;
      function next(error?: unknown): void {
        const step = error === undefined ? steps[index] : undefined;
        index += 1;
        if (step) runStep(step, request, response, next);
        else done(error);
      }
      next();
    },
    { steps },
  );
}

function runStep(
  step: RequestHandler,
  request: Request,
  response: Response,
  next: (error?: unknown) => void,
): void {
  try {
    const result: unknown = step(request, response, next);
    if (result instanceof Promise)
      result.catch((error) => next(error ?? new Error('A pipeline step rejected without a reason.')));
  } catch (error) {
    next(error);
  }
}
