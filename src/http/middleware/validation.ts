import type { Request, RequestHandler } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import { contract } from '../../contract/document.ts';
import { type Operation, operationsById } from '../../contract/operations.ts';
import type { ProblemError } from '../../contract/types.ts';
import { invalidRequest } from '../../domain/failures.ts';

/** `request.openapi` without the values of the path parameters. */
type ValidatorOperation = Omit<NonNullable<Request['openapi']>, 'pathParams'>;

/** The parts of express-openapi-validator that run per request. Our own middleware runs between them. */
export interface ContractValidator {
  /** `request.openapi` of each operation. */
  readonly operations: ReadonlyMap<Operation['id'], ValidatorOperation>;
  /** Validates parameters, headers and body, and coerces query parameters. Throws the validator's error. */
  readonly validate: RequestHandler;
}

/** Internals of express-openapi-validator that its types omit. */
interface Internals {
  /** Builds the request validator from the dereferenced contract. */
  requestValidationMiddleware(document: unknown): RequestHandler;
}

/**
 * Loads the contract into express-openapi-validator and waits until it is compiled.
 *
 * Extracts the synchronous validator from its middleware, each of which awaits the loaded contract twice per request.
 * `matchOperation` replaces its routing.
 * @throws Error if the contract is invalid or the validator's internals have changed.
 */
export async function createContractValidator(): Promise<ContractValidator> {
  const { middleware, validator } = loadValidator();
  const part = (name: string): RequestHandler => {
    const found = middleware.find((candidate) => candidate.name === name);
    if (!found) throw internalsChanged(name);
    return found as RequestHandler;
  };
  await run(part('pathParamsMiddleware'), {});
  // Builds the validator on the first request; a request without an operation passes through.
  await run(part('requestMiddleware'), {});
  const validate = validator();
  if (!validate) throw internalsChanged('requestValidationMiddleware');
  const operations = new Map<Operation['id'], ValidatorOperation>();
  for (const operation of operationsById.values()) {
    operations.set(operation.id, await describeOperation(operation, part('metadataMiddleware')));
  }
  return { operations, validate };
}

/** Creates the middleware, with a getter for the request validator that it builds later. */
function loadValidator() {
  const middleware = OpenApiValidator.middleware({
    // The validator modifies the document.
    apiSpec: structuredClone(contract) as never,
    // `validateStrictly` reports unknown parameters together with all other faults.
    validateRequests: { allowUnknownQueryParameters: true, coerceTypes: false, allErrors: true },
    // The tests check every response against the contract.
    validateResponses: false,
    // Fails open if a handler is missing; `authenticate` does this.
    validateSecurity: false,
    fileUploader: false,
    // The fast check of date-time accepts February 31.
    ajvFormats: { mode: 'full' },
  });
  const { _oav: internals } = OpenApiValidator.middleware as unknown as { readonly _oav: Internals };
  const build = internals.requestValidationMiddleware.bind(internals);
  let validate: RequestHandler | undefined;
  internals.requestValidationMiddleware = (document) => {
    validate = build(document);
    return validate;
  };
  return { middleware, validator: () => validate };
}

/** Asks the validator's own router for the metadata of an operation. */
async function describeOperation(
  { id, method, path }: Operation,
  match: RequestHandler,
): Promise<ValidatorOperation> {
  const url = path.replaceAll(/\{\w+\}/g, 'any');
  const { openapi } = await run(match, { method, path: url, originalUrl: url, baseUrl: '' });
  if (openapi?.schema.operationId !== id) throw internalsChanged(`operation ${id}`);
  return openapi;
}

/** Runs one of the validator's middleware with a fake request and returns that request. */
function run(middleware: RequestHandler, members: Partial<Request>): Promise<Request> {
  const app = { param() {}, enabled: () => true };
  const request = { app, ...members } as unknown as Request;
  return new Promise((resolve, reject) => {
    void middleware(request, {} as never, (error?: unknown) => (error ? reject(error) : resolve(request)));
  });
}

function internalsChanged(what: string): Error {
  return new Error(`express-openapi-validator has no ${what}: its version has changed.`);
}

const integerPattern = /^-?(0|[1-9]\d{0,14})$/;

/**
 * Validates a request, with stricter rules for the query: the validator's coercion accepts `0x10`, `1e1` and ` 5` as
 * integers, ignores names with brackets such as `tag[x]`, and reports an unknown name instead of all other faults.
 */
export function validateStrictly(validate: RequestHandler): RequestHandler {
  return function validateStrictly(request, response, next) {
    const faults = queryFaults(request);
    // The validator takes `tag[x]` for `tag`, with a value of an unexpected type.
    if (faults.some(({ parameter }) => parameter?.includes('['))) throw invalidRequest(faults);
    // The error handler merges these with the faults that the validator throws.
    request.context.queryFaults = faults;
    void validate(request, response, () => next(faults.length > 0 ? invalidRequest(faults) : undefined));
  };
}

function queryFaults({ context: { operation }, query }: Request): ProblemError[] {
  if (!operation) return [];
  return Object.entries(query).flatMap(([name, value]): ProblemError[] => {
    if (!operation.queryNames.has(name)) {
      // `?=1` has an empty name, which a problem cannot report.
      return [{ parameter: name || '(without a name)', detail: 'is not a parameter of this operation' }];
    }
    const integer = operation.integerParameters.includes(name);
    if (!integer || typeof value !== 'string' || value === '' || integerPattern.test(value)) return [];
    return [{ parameter: name, detail: 'must be a whole number in decimal' }];
  });
}
