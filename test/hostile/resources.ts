import { randomUUID } from 'node:crypto';
import type { Customer } from '../../src/contract/types.ts';
import type { TestService } from '../support/service.ts';
import { type HostileRequest, isPlaceholder, placeholders } from './hostile-request.ts';
import { judge } from './request-oracle.ts';

/**
 * Parameters that name a customer, and how. Add new ones here: otherwise they take the contract's example,
 * and their operation never succeeds, which the test reports.
 */
const namesCustomer: Readonly<Record<string, 'id' | 'externalId'>> = {
  customerId: 'id',
  externalId: 'externalId',
};

/** The placeholder for a live customer, if the path parameter names one. */
export function liveValue(parameterName: string): string | undefined {
  return parameterName in namesCustomer ? placeholders.live : undefined;
}

/** Replaces the placeholders of a request with existing customers. */
export function createResources(service: Pick<TestService, 'call'>) {
  /** For requests that change nothing. */
  const kept = new Map<string, Promise<Customer>>();

  async function create(placeholder: string): Promise<Customer> {
    const body = { name: 'Resource', externalId: `resource:${randomUUID()}` };
    const customer = (await service.call<Customer>('POST', '/customers', { body })).json;
    if (placeholder === placeholders.deleted) await service.call('DELETE', `/customers/${customer.id}`);
    return customer;
  }

  function keep(placeholder: string): Promise<Customer> {
    const known = kept.get(placeholder) ?? create(placeholder);
    kept.set(placeholder, known);
    return known;
  }

  return async (request: HostileRequest): Promise<HostileRequest> => {
    const wanted = Object.entries(request.path).find(([, value]) => isPlaceholder(value));
    if (!wanted) return request;
    const [name, placeholder] = wanted;
    const changes = request.target.method !== 'GET' && judge(request).faults.length === 0;
    const customer = await (changes ? create(placeholder) : keep(placeholder));
    return { ...request, path: { ...request.path, [name]: String(customer[namesCustomer[name] ?? 'id']) } };
  };
}
