import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import pg from 'pg';
import sqlite3 from 'sqlite3';
import type { CustomerList } from '../../src/contract/types.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';

const totalMax = 10_000;

describeEngines('the total of a list', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
  });
  const create = () => service.call('POST', '/customers', { body: { name: 'Counted' } });

  async function total() {
    const { json } = await service.call<CustomerList>('GET', '/customers?includeTotal=true&limit=1');
    return [json.total, json.totalIsExact];
  }

  test('200 with an exact total up to 10,000, and totalIsExact false above', async () => {
    await create();
    await copyOnlyCustomer(engine, service.databaseUrl, totalMax - 1);
    assert.deepEqual(await total(), [totalMax, true]);
    await create();
    assert.deepEqual(await total(), [totalMax, false]);
  });
});

/** Copies the only customer by SQL; creating them through the API takes half a minute. */
async function copyOnlyCustomer(engine: EngineName, databaseUrl: string, count: number): Promise<void> {
  if (engine === 'sqlite') return await copyInSqlite(databaseUrl.replace(/^sqlite:/, ''), count);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { fields } = await client.query('SELECT * FROM customers');
  const copy = copyOf(fields.map(({ name }) => name));
  await client.query(
    `INSERT INTO customers ${copy.columns}
     SELECT ${copy.values('gen_random_uuid()')} FROM customers, generate_series(1, ${count})`,
  );
  await client.end();
}

async function copyInSqlite(file: string, count: number): Promise<void> {
  const database = new sqlite3.Database(file);
  const all = <Row>(sql: string) =>
    new Promise<Row[]>((resolve, reject) => {
      database.all<Row>(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  const [row = {}] = await all<Record<string, unknown>>('SELECT * FROM customers');
  const copy = copyOf(Object.keys(row));
  await all(
    `WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT ${count})
     INSERT INTO customers ${copy.columns}
     SELECT ${copy.values("'00000000-0000-4000-8000-' || printf('%012d', number)")} FROM customers, numbers`,
  );
  await new Promise((resolve) => database.close(resolve));
}

/** All columns except the database's own row number, with another value for the id. */
function copyOf(names: readonly string[]) {
  const copied = names.filter((name) => name !== 'ordinal');
  return {
    columns: `(${copied.join(', ')})`,
    values: (id: string) => copied.map((name) => (name === 'id' ? id : `customers.${name}`)).join(', '),
  };
}
