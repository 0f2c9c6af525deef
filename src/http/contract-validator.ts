import type { Request, RequestHandler } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import { contract } from '../contract/document.ts';
import { type Operation, operationsById } from '../contract/operations.ts';

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
