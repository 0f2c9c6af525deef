import { contract, type OperationId } from '../contract/document.ts';
import { operationsById } from '../contract/operations.ts';

/** What is dropped first when there is too much: see docs/adr/0023. */
export type WorkClass =
  /** One customer, by a key: cheap, and most often what somebody waits for at a screen. */
  | 'pointRead'
  /** Many rows, or a stream of them. */
  | 'list'
  | 'write';

/** The class of each operation: one that is missing here does not compile. */
export const workClasses: Readonly<Record<OperationId, WorkClass>> = {
  getCustomer: 'pointRead',
  getCustomerByExternalId: 'pointRead',
  listCustomers: 'list',
  exportCustomers: 'list',
  getCustomerHistory: 'list',
  listChanges: 'list',
  createCustomer: 'write',
  replaceCustomer: 'write',
  updateCustomer: 'write',
  deleteCustomer: 'write',
  restoreCustomer: 'write',
  eraseCustomer: 'write',
  importCustomers: 'write',
  upsertCustomerByExternalId: 'write',
};

const literalPaths = new Set(Object.keys(contract.paths).filter((path) => !path.includes('{')));
const pointReadPaths = [...operationsById.values()]
  .filter(({ id }) => workClasses[id] === 'pointRead')
  .map(({ path }) => path.replaceAll(/\{\w+\}/g, '[^/]+'));
const pointRead = new RegExp(`^(?:${pointReadPaths.join('|')})$`);

/**
 * The class of a request by its first line alone: the operation itself is looked for only after the caller has been
 * authenticated.
 */
export function workClassOf(method: string, path: string): WorkClass {
  if (method !== 'GET' && method !== 'HEAD') return 'write';
  return pointRead.test(path) && !literalPaths.has(path) ? 'pointRead' : 'list';
}
