import type { Request, RequestHandler } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import { contract } from '../contract/document.ts';
import { memoizePathMatching } from './memoized-path-matching.ts';

/** The validator's two halves: authentication, media types and the body's parser stand between them. */
export interface ContractValidator {
  /** Finds the operation; 404 and 405 come from here. */
  readonly match: RequestHandler;
  /** Holds parameters, headers and body against the contract, and coerces query parameters. */
  readonly validate: RequestHandler;
}

/**
 * Loads the contract into express-openapi-validator and waits until it is compiled.
 * @throws Error when the contract is not one.
 */
export async function createContractValidator(): Promise<ContractValidator> {
  memoizePathMatching();
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
  const part = (name: string): RequestHandler => {
    const found = middleware.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`express-openapi-validator has no ${name}: its version has changed.`);
    return found as RequestHandler;
  };
  await loaded(part('pathParamsMiddleware'));
  return { match: part('metadataMiddleware'), validate: part('requestMiddleware') };
}

/** Its first middleware waits for the contract and tells whether it is sound; it uses nothing of a request
 * but the application, to which it adds parameters. */
function loaded(first: RequestHandler): Promise<void> {
  const request = { app: { param() {} } } as unknown as Request;
  return new Promise((resolve, reject) => {
    void first(request, {} as never, (error?: unknown) => (error ? reject(error) : resolve()));
  });
}
