import type { Express } from 'express';
import type { ContractDocument, OperationObject } from '../contract/document.ts';

/** The security schemes of the contract that `authenticate` handles. */
const handledSchemes = ['bearer'];

const scopePattern = /^[a-z]+:[a-z]+$/;

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/**
 * Refuses to start a service in which something is open that should not be: each operation names a scheme that is
 * handled and the scope that it needs, and each route beside the contract is on the list. An operation that
 * is open to everybody (`security: []`) is not provided for.
 * @throws Error naming everything that is wrong.
 */
export function assertSecured(contract: ContractDocument, app: Express, openPaths: readonly string[]): void {
  const faults = [...operationsOf(contract).flatMap(faultsOfOperation), ...faultsOfRoutes(app, openPaths)];
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
  readonly route?: { readonly path: unknown };
}

/** Routes come before authentication: there may be none but those that are meant to be open. */
function faultsOfRoutes(app: Express, openPaths: readonly string[]): string[] {
  const { stack } = app.router as unknown as { readonly stack: readonly Layer[] };
  return stack
    .filter(({ route }) => route !== undefined && !openPaths.includes(String(route.path)))
    .map(({ route }) => `the route ${route?.path} is in no list`);
}
