import type { Request, RequestHandler } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import { contract } from '../../contract/document.ts';
import { type Operation, operationsById } from '../../contract/operations.ts';
import type { ProblemError } from '../../contract/types.ts';
import { invalidRequest } from '../../domain/failures.ts';

/** What the validator knows a request's operation by, beside the values of its path's parameters. */
export type ValidatorsOperation = Omit<NonNullable<Request['openapi']>, 'pathParams'>;

/** The validator's parts: authentication, media types and the body's parser stand between them. */
export interface ContractValidator {
  /** What `request.openapi` must hold for each operation, by its id. */
  readonly operations: ReadonlyMap<Operation['id'], ValidatorsOperation>;
  /** Holds parameters, headers and body against the contract, and coerces query parameters; throws what it finds. */
  readonly validate: RequestHandler;
}

/** The parts of express-openapi-validator that its types do not tell. */
interface Internals {
  /** Makes the function that validates a request, of the contract as the validator has prepared it. */
  requestValidationMiddleware(document: unknown): RequestHandler;
}

/**
 * Loads the contract into express-openapi-validator and waits until it is compiled.
 *
 * What it does for each request is taken out of its middleware, each part of which waits for a promise of the loaded
 * contract: two promises a request for each, 6% of the main thread's time for a GET. Which operation it is, it is told
 * by `contract-routes.ts`.
 * @throws Error when the contract is not one.
 */
export async function createContractValidator(): Promise<ContractValidator> {
  const middleware = OpenApiValidator.middleware({
    // It changes the document that it is given.
    apiSpec: structuredClone(contract) as never,
    // It would name an unknown parameter and nothing else: see `strict-parameters.ts`.
    validateRequests: { allowUnknownQueryParameters: true, coerceTypes: false, allErrors: true },
    // Our tests hold every reply against the contract; the validator would see only some.
    validateResponses: false,
    // It fails open when a handler is missing: authentication is our own middleware.
    validateSecurity: false,
    fileUploader: false,
    // The quick check of a date-time takes the 31st of February.
    ajvFormats: { mode: 'full' },
  });
  const { _oav: internals } = OpenApiValidator.middleware as unknown as { readonly _oav: Internals };
  const build = internals.requestValidationMiddleware.bind(internals);
  let validate: RequestHandler | undefined;
  internals.requestValidationMiddleware = (document) => {
    validate = build(document);
    return validate;
  };
  const part = (name: string): RequestHandler => {
    const found = middleware.find((candidate) => candidate.name === name);
    if (!found) throw changed(name);
    return found as RequestHandler;
  };
  await passed(part('pathParamsMiddleware'), {});
  // It makes its function for the first request; one without an operation passes through it.
  await passed(part('requestMiddleware'), {});
  if (!validate) throw changed('requestValidationMiddleware');
  const operations = new Map<Operation['id'], ValidatorsOperation>();
  for (const operation of operationsById.values()) {
    operations.set(operation.id, await askFor(operation, part('metadataMiddleware')));
  }
  return { operations, validate };
}

/** What the validator itself would write down for a request for the operation. */
async function askFor({ id, method, path }: Operation, match: RequestHandler): Promise<ValidatorsOperation> {
  const url = path.replaceAll(/\{\w+\}/g, 'any');
  const { openapi } = await passed(match, { method, path: url, originalUrl: url, baseUrl: '' });
  if (openapi?.schema.operationId !== id) throw changed(`operation ${id}`);
  return openapi;
}

/** Lets a made-up request through one of the validator's parts, all of which wait for the contract. */
function passed(part: RequestHandler, members: Partial<Request>): Promise<Request> {
  const app = { param() {}, enabled: () => true };
  const request = { app, ...members } as unknown as Request;
  return new Promise((resolve, reject) => {
    void part(request, {} as never, (error?: unknown) => (error ? reject(error) : resolve(request)));
  });
}

function changed(what: string): Error {
  return new Error(`express-openapi-validator has no ${what}: its version has changed.`);
}

const integerPattern = /^-?(0|[1-9]\d{0,14})$/;

/**
 * Validates a request, its query more strictly than the validator does: that one's coercion takes `0x10`, `1e1` and
 * ` 5` for integers, it drops a name with brackets (`tag[x]`) with its value, as though the caller had not asked for
 * that filter, and for an unknown name it says nothing about all other faults.
 */
export function validateStrictly(validate: RequestHandler): RequestHandler {
  return function validateStrictly(request, response, next) {
    const faults = queryFaults(request);
    // The validator takes `tag[x]` for `tag`, with a value of a kind that it does not expect.
    if (faults.some(({ parameter }) => parameter?.includes('['))) throw invalidRequest(faults);
    request.context.queryFaults = faults;
    // What it finds it throws, and `queryFaults` is told with it.
    void validate(request, response, () => next(faults.length > 0 ? invalidRequest(faults) : undefined));
  };
}

function queryFaults({ context: { operation }, query }: Parameters<RequestHandler>[0]): ProblemError[] {
  if (!operation) return [];
  return Object.entries(query).flatMap(([name, value]): ProblemError[] => {
    if (!operation.queryNames.has(name)) {
      // A parameter of a problem has a name: `?=1` has none.
      return [{ parameter: name || '(without a name)', detail: 'is not a parameter of this operation' }];
    }
    const integer = operation.integerParameters.includes(name);
    if (!integer || typeof value !== 'string' || value === '' || integerPattern.test(value)) return [];
    return [{ parameter: name, detail: 'must be a whole number in decimal' }];
  });
}
