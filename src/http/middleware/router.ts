import type { Request, RequestHandler, Response } from 'express';
import type { DeprecationHeaders } from '../../contract/deprecation.ts';
import type { OperationId } from '../../contract/document.ts';
import { type Operation, operationById, operationsById } from '../../contract/operations.ts';
import { HttpFailure } from '../problem.ts';
import type { ContractValidator } from './validation.ts';

/** Matches a request to an operation of the contract: 404 or 405 without one. HEAD is routed as GET. */
export function matchOperation({ operations }: ContractValidator): RequestHandler {
  return function matchOperation(request, response, next) {
    const match = matchPath(request.path);
    if (!match) throw notFound(request.path);
    if (request.method === 'HEAD') request.method = 'GET';
    const operationId = match.operations.get(request.method);
    const known = operationId && operations.get(operationId);
    if (!known) throw methodNotAllowed([...match.operations.keys()]);
    request.openapi = { ...known, pathParams: match.parameters };
    request.context.operation = operationById(operationId);
    setDeprecationHeaders(request, response, request.context.operation);
    next();
  };
}

function notFound(path: string): HttpFailure {
  const advice = path.length > 1 && path.endsWith('/') ? ' Paths have no trailing slash.' : '';
  return new HttpFailure('not_found', `There is nothing at this path.${advice}`);
}

function methodNotAllowed(methods: readonly string[]): HttpFailure {
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return new HttpFailure('method_not_allowed', 'The path does not take this method.', {
    headers: { Allow: allowed.join(', ') },
  });
}

/** A path of the contract that matches a URL. */
export interface RouteMatch {
  /** Operations by method, in upper case. */
  readonly operations: ReadonlyMap<string, OperationId>;
  /** Path parameters, percent-decoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A node of the route tree, which has a level per path segment. */
interface RouteNode {
  readonly literals: Map<string, RouteNode>;
  parameter: { readonly name: string; readonly node: RouteNode } | undefined;
  readonly operations: Map<string, OperationId>;
}

const root = buildTree(operationsById.values());

/**
 * Finds the path of the contract that matches, including case and trailing slash. Literal segments win over
 * parameters. A tree, since express-openapi-validator builds a regular expression per path on every request.
 * @param path percent-encoded; `checkRequestLine` has verified that it can be decoded.
 */
export function matchPath(path: string): RouteMatch | undefined {
  return matchFrom(root, path.split('/'), 1, {});
}

function matchFrom(
  node: RouteNode,
  segments: readonly string[],
  depth: number,
  parameters: Record<string, string>,
): RouteMatch | undefined {
  const segment = segments[depth];
  if (segment === undefined)
    return node.operations.size > 0 ? { operations: node.operations, parameters } : undefined;
  const literal = node.literals.get(segment);
  const found = literal && matchFrom(literal, segments, depth + 1, parameters);
  if (found || !node.parameter || segment === '') return found;
  parameters[node.parameter.name] = segment.includes('%') ? decodeURIComponent(segment) : segment;
  return matchFrom(node.parameter.node, segments, depth + 1, parameters);
}

function buildTree(operations: Iterable<Operation>): RouteNode {
  const top = emptyNode();
  for (const { id, method, path } of operations) {
    let node = top;
    for (const segment of path.split('/').slice(1)) node = childNode(node, segment);
    node.operations.set(method, id);
  }
  return top;
}

function childNode(node: RouteNode, segment: string): RouteNode {
  const name = /^\{(\w+)\}$/.exec(segment)?.[1];
  if (name === undefined) {
    const literal = node.literals.get(segment) ?? emptyNode();
    node.literals.set(segment, literal);
    return literal;
  }
  node.parameter ??= { name, node: emptyNode() };
  if (node.parameter.name !== name)
    throw new Error(`The contract names one path segment both ${name} and ${node.parameter.name}.`);
  return node.parameter.node;
}

function emptyNode(): RouteNode {
  return { literals: new Map(), parameter: undefined, operations: new Map() };
}

/** Sets Deprecation, Sunset and Link if the operation, or a parameter that the request has, is deprecated. */
function setDeprecationHeaders(request: Request, response: Response, operation: Operation): void {
  const headers = operation.deprecation ?? parameterDeprecation(request, operation);
  if (!headers) return;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** The deprecation headers for the first deprecated parameter that the request uses. */
function parameterDeprecation(
  { originalUrl, headers }: Request,
  { deprecatedParameters }: Operation,
): DeprecationHeaders | undefined {
  if (deprecatedParameters.length === 0) return undefined;
  const query = new URLSearchParams(originalUrl.replace(/^[^?]*/, ''));
  const used = deprecatedParameters.find((parameter) =>
    parameter.in === 'query'
      ? query.has(parameter.name)
      : headers[parameter.name.toLowerCase()] !== undefined,
  );
  return used?.deprecation;
}
