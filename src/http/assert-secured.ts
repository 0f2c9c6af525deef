import type { Express } from 'express';
import type { ContractDocument, OperationObject } from '../contract/document.ts';

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
