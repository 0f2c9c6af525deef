/**
 * Every operation of the client, as a program of its user would call it. It has to compile and run in a fresh
 * project, for Node.js and for browsers, and so imports nothing but the client.
 */
import {
  type ChangeEvent,
  type Customer,
  type CustomerImport,
  type CustomersClient,
  CustomersProblem,
  type ImportResult,
} from '../../clients/typescript/src/index.ts';

/** Throws where an answer is not what it should be. */
export async function callEveryOperation(client: CustomersClient): Promise<void> {
  const { data: ada, reply } = await client
    .createCustomer({
      name: 'Ada Byron',
      email: 'ada@example.com',
      tags: ['beta'],
      address: { city: 'London' },
    })
    .withReply();
  equal(reply.status, 201, 'created');
  const start = text(reply.feedPosition);
  const married = await writeOneCustomer(client, ada);
  await findCustomers(client, married);
  await deleteAndRestore(client, married);
  await importAndExport(client);
  await followChanges(client, start);
  await eraseOne(client);
}

async function writeOneCustomer(client: CustomersClient, ada: Customer): Promise<Customer> {
  const rehearsed = await client.updateCustomer(ada, { phone: '+442079460123' }, { validateOnly: true });
  equal([rehearsed.version, (await client.getCustomer(ada)).version], [2, 1], 'rehearsed');
  const reachable = await client.updateCustomer(ada, { phone: '+442079460123', metadata: { tier: 'gold' } });
  equal(reachable.metadata, { tier: 'gold' }, 'updated');
  const stale = await refusal(client.updateCustomer(ada, { phone: null }));
  equal([stale.status, stale.code, stale.afterLostReply], [412, 'precondition_failed', false], 'stale');
  const married = await client.replaceCustomer(reachable, {
    ...reachable,
    name: 'Ada Lovelace',
    externalId: 'crm:1',
  });
  equal([married.name, married.phone, married.version], ['Ada Lovelace', '+442079460123', 3], 'replaced');
  const own = '6f1d2c3b-8a4e-4f5d-9c7b-2e0a1b3c4d5e';
  const { reply } = await client
    .replaceCustomer(own, { name: 'Grace Hopper' }, { ifNoneMatch: '*' })
    .withReply();
  equal([reply.status, reply.location], [201, `/customers/${own}`], 'created under an id');
  const upserted = await client.upsertCustomerByExternalId('crm:1', {
    ...married,
    note: 'Wrote the first program.',
  });
  equal([upserted.id, upserted.version], [married.id, 4], 'upserted');
  const invalid = await refusal(client.createCustomer({ name: '', email: 'nobody' }));
  equal(invalid.errors.map(({ pointer }) => pointer).sort(), ['#/email', '#/name'], 'where it is invalid');
  return upserted;
}

async function findCustomers(client: CustomersClient, ada: Customer): Promise<void> {
  equal(await client.getCustomer(ada.id), ada, 'got');
  equal(await client.getCustomer(ada, { ifNoneMatch: ada.etag }), undefined, 'not modified');
  equal(await client.getCustomerByExternalId('crm:1'), ada, 'got by externalId');
  const since = new Date(Date.parse(ada.createdAt) - 1);
  const names: string[] = [];
  for await (const { name } of client.listCustomers({ limit: 1, sort: 'name', createdAfter: since }))
    names.push(name);
  equal(names, ['Ada Lovelace', 'Grace Hopper'], 'listed');
  const page = await client.listCustomers({ q: 'lovelace', includeTotal: true });
  equal([page.total, page.nextCursor], [1, null], 'found');
  const versions: number[] = [];
  for await (const entry of client.getCustomerHistory(ada, { limit: 2 })) versions.push(entry.version);
  equal(versions, [4, 3, 2, 1], 'history');
}

async function deleteAndRestore(client: CustomersClient, ada: Customer): Promise<void> {
  const { reply } = await client.deleteCustomer(ada).withReply();
  equal([reply.status, reply.feedPosition !== undefined], [204, true], 'deleted');
  equal((await refusal(client.getCustomer(ada))).code, 'customer_deleted', 'gone');
  equal((await client.restoreCustomer(ada)).version, 6, 'restored');
}

async function importAndExport(client: CustomersClient): Promise<void> {
  const results: ImportResult[] = [];
  for await (const result of client.importCustomers(linesFor(['crm:10', 'crm:11']))) results.push(result);
  equal(
    results.map(({ line, status, outcome }) => [line, status, outcome]),
    [
      [1, 201, 'created'],
      [2, 201, 'created'],
    ],
    'imported',
  );
  const csv = 'externalId,name\ncrm:10,Edith Clarke\ncrm:12,\n';
  const outcomes: string[] = [];
  for await (const { outcome } of client.importCustomers(csv, { contentType: 'text/csv' }))
    outcomes.push(outcome);
  equal(outcomes, ['updated', 'refused'], 'imported CSV');
  const exported = client.exportCustomers({ tag: 'imported' });
  equal(
    (await exported.withReply()).reply.feedPosition !== undefined,
    true,
    'a position before the first line',
  );
  const names: string[] = [];
  for await (const { name } of exported) names.push(name);
  equal(names, ['Edith Clarke', 'Customer crm:11'], 'exported');
  let table = '';
  for await (const piece of client.exportCustomers({ tag: 'imported', accept: 'text/csv' })) table += piece;
  equal(table.split('\n').length, 4, 'exported as CSV: a header and two rows');
}

async function* linesFor(externalIds: readonly string[]): AsyncGenerator<CustomerImport> {
  for (const externalId of externalIds)
    yield { externalId, name: `Customer ${externalId}`, tags: ['imported'] };
}

async function followChanges(client: CustomersClient, start: string): Promise<void> {
  const paged: ChangeEvent[] = [];
  for await (const change of client.listChanges({ after: start, limit: 3 })) paged.push(change);
  const leave = new AbortController();
  const streamed: ChangeEvent[] = [];
  for await (const change of client.followChanges({ after: start, signal: leave.signal })) {
    streamed.push(change);
    if (streamed.length === paged.length) break;
  }
  equal(streamed, paged, 'the stream and the pages');
  equal(paged.length, 9, 'changes since the first');
}

async function eraseOne(client: CustomersClient): Promise<void> {
  const edith = await client.getCustomerByExternalId('crm:10');
  const receipt = await client.eraseCustomer(edith);
  equal([receipt.customerId, receipt.version], [edith.id, edith.version + 1], 'erased');
  equal((await refusal(client.getCustomer(edith))).code, 'customer_erased', 'forgotten');
}

async function refusal(call: Promise<unknown>): Promise<CustomersProblem> {
  const outcome = await call.catch((failure: unknown) => failure);
  if (outcome instanceof CustomersProblem) return outcome;
  throw new Error(`Not refused: ${JSON.stringify(outcome)}`);
}

function text(value: string | undefined): string {
  if (value === undefined) throw new Error('It is missing.');
  return value;
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one} is not ${other}`);
}
