import { isStreamed, operationsById } from '../../src/contract/operations.ts';
import { systemPaths } from '../../src/http/routes/system.ts';

/** What a gateway has to know of a path of the contract. */
export interface Route {
  /** As the contract writes it, such as `/customers/{customerId}`. */
  readonly path: string;
  /** Whether a body of any length is taken as it comes in. */
  readonly streamsRequest: boolean;
  /** Whether replies go on for as long as there is something to send. */
  readonly streamsReply: boolean;
  /** Whether a request may carry an Idempotency-Key, with which it can be repeated though it is a POST. */
  readonly takesKey: boolean;
}

const operations = [...operationsById.values()];

/** The paths of the contract in its order. Those without a parameter come first, as they match first. */
export const routes: readonly Route[] = [...new Set(operations.map(({ path }) => path))]
  .map((path): Route => {
    const here = operations.filter((operation) => operation.path === path);
    return {
      path,
      streamsRequest: here.some(({ streamsRequest }) => streamsRequest),
      streamsReply: here.some(({ responseMediaTypes }) => responseMediaTypes.some(isStreamed)),
      takesKey: here.some(({ headerNames }) => headerNames.includes('Idempotency-Key')),
    };
  })
  .sort((one, other) => Number(one.path.includes('{')) - Number(other.path.includes('{')));

/** What is served beside the contract, but for the metrics: they are nobody's outside. */
export const openPaths: readonly string[] = systemPaths.filter((path) => path !== '/metrics');

/** The path as a regular expression: a parameter is one segment. */
export function pathPattern(path: string): string {
  return `^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`;
}
