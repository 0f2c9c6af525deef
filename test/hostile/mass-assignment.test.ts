/**
 * Read-only members, database columns and names that other frameworks accept: refused in every body and
 * query, with nothing changed.
 *
 * Planted: `additionalProperties: false` removed from CustomerUpdate. They were accepted, and a row changed.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Customer } from '../../src/contract/types.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import type { RuleSchema } from '../conformance/violations.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { resolved } from '../support/contract-document.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { dumpDatabase } from './database-dump.ts';
import { createSender, type HostileRequest } from './hostile-request.ts';
import { hostileTargets } from './hostile-targets.ts';
import { minimalRequest } from './request-matrix.ts';

/** Typical mass-assignment members of other systems. */
const classics = [
  ...[
    'isAdmin',
    'admin',
    'role',
    'roles',
    'scope',
    'scopes',
    'owner',
    'tenantId',
    'userId',
    'password',
    'verified',
  ],
  ...[
    '_id',
    '_rev',
    '_method',
    '$set',
    '$unset',
    '$inc',
    '@type',
    '#',
    'class',
    'class.classLoader',
    'customer',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '__defineSetter__',
    'customer[id]',
    'address.city',
  ],
  ...['Name', 'NAME', 'name ', ' name', 'na\u200bme', 'ｎame', 'name\u0000', 'email_Key', 'emailkey'],
];
const values = ['0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37', 99, null, true, { isAdmin: true }, ['x']];

describeEngines('mass assignment', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let direct: Engine;
  let customer: Customer;
  let names: string[];
  before(async () => {
    service = await startTestService(cleanup, { engine });
    direct = openDirectly(cleanup, service.databaseUrl);
    customer = (await service.call<Customer>('POST', '/customers', { body: { name: 'Here' } })).json;
    names = [...new Set([...Object.keys(customer), ...(await columns(direct)), ...classics])];
  });

  test('no body accepts an unknown member', async (t) => {
    const bodied = hostileTargets.flatMap((target) => {
      const [mediaType, content] = Object.entries(target.content)[0] ?? [];
      const schema = content && resolved<RuleSchema>(content.schema);
      return mediaType && schema?.type === 'object' ? [{ target, schema }] : [];
    });
    const requests = bodied.flatMap(({ target, schema }) => {
      const least = minimalRequest(target);
      const base = JSON.parse(Buffer.from(least.body ?? []).toString()) as object;
      const strange = names.filter((name) => !Object.hasOwn(schema.properties ?? {}, name));
      return strange.flatMap((name, index) =>
        valuesFor(name in customer, index).flatMap((value) => {
          const member: readonly [string, unknown] = [name, value];
          const whole = Object.fromEntries([...Object.entries(base), member]);
          const nested = Object.fromEntries([
            ...Object.entries(base),
            ['address', Object.fromEntries([member])],
          ]);
          const isAddress = ['line1', 'line2', 'city', 'region', 'postalCode', 'country'].includes(name);
          const bodies = schema.properties?.address && !isAddress ? [whole, nested] : [whole];
          return bodies.map((body) => ({ ...least, label: name, body: Buffer.from(JSON.stringify(body)) }));
        }),
      );
    });
    await refused(requests);
    t.diagnostic(`${requests.length} bodies of ${bodied.length} operations refused, 0 rows changed`);
  });

  test('no query accepts an unknown parameter', async (t) => {
    const requests = hostileTargets.flatMap((target) => {
      const least = minimalRequest(target);
      const own = target.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
      const strange = names.filter((name) => !own.includes(name) && name !== 'name\u0000');
      return strange.map((name) => ({
        ...least,
        label: name,
        query: [...least.query, [name, 'x'] as const],
      }));
    });
    await refused(requests);
    t.diagnostic(`${requests.length} queries of ${hostileTargets.length} operations refused, 0 rows changed`);
  });

  test('no object of the process has gained a member', () => {
    assert.deepEqual(
      Object.keys(Object.getOwnPropertyDescriptors(Object.prototype)).filter((name) => name === 'isAdmin'),
      [],
    );
    assert.equal(({} as { isAdmin?: unknown }).isAdmin, undefined);
  });

  async function refused(requests: readonly HostileRequest[]): Promise<void> {
    const earlier = await dumpDatabase(direct);
    const sender = createSender(service.url);
    const remaining = requests.values();
    const accepted: string[] = [];
    const worker = async () => {
      for (const request of remaining) {
        const path = Object.fromEntries(Object.keys(request.path).map((name) => [name, customer.id]));
        const { status } = await sender.send({ ...request, path });
        if (status !== request.target.invalidStatus) {
          accepted.push(`${request.target.operationId} ${JSON.stringify(request.label)}: ${status}`);
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker)).finally(() => sender.close());
    assert.deepEqual(accepted, []);
    assert.deepEqual(await dumpDatabase(direct), earlier);
  }
});

/** All values for read-only members, one for each of the others. */
function valuesFor(ofCustomer: boolean, index: number): readonly unknown[] {
  return ofCustomer ? values : [values[index % values.length]];
}

/** The column names of every table. */
async function columns(direct: Engine): Promise<string[]> {
  const sql =
    direct.dialect.name === 'sqlite'
      ? "SELECT info.name FROM sqlite_master AS master JOIN pragma_table_info(master.name) AS info WHERE master.type = 'table'"
      : "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'public'";
  return (await select<{ name: string }>(direct, sql)).map(({ name }) => name);
}
