/**
 * `npm run demo` runs the service in memory, so there is no PostgreSQL variant.
 *
 * Planted, and each failed: random ids, a phone number without its `+`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Customer, CustomerHistory, CustomerList } from '../../src/contract/types.ts';
import { examplesOf, readPage } from '../docs/page-blocks.ts';
import { difference } from '../docs/printed-output.ts';
import { afterwards } from '../support/cleanup.ts';
import { until } from '../support/credentials.ts';
import { contentsOf, temporaryFolder } from '../support/folder-contents.ts';
import { startCommand } from '../support/process.ts';

const demoFile = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));
const countriesMin = 40;
const scripts = [
  'Latin',
  'Greek',
  'Cyrillic',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Tamil',
  'Bengali',
  'Thai',
  'Han',
  'Hangul',
];
const resetTimeoutMs = 60_000;

test('the demo has believable customers from many countries, and is reset by SIGUSR2', async (context) => {
  const folder = await temporaryFolder(context);
  const demo = await startCommand([], {
    nodeArguments: ['--import', import.meta.resolve('tsx'), demoFile],
    env: { PORT: '0', TMPDIR: folder },
    ready: /Customers .* listens on (http:\S+)[\s\S]*kill -USR2 (\d+)/,
  });
  afterwards(context, async () => void (await demo.stop()));
  const [banner = '', url = '', pid] = demo.match;
  assert.equal(Number(pid), demo.pid);
  const shown = examplesOf(readPage('docs/demo-and-mock.md')).find(({ text }) => text === 'npm run -s demo');
  assert.ok(shown?.printed);
  assert.equal(difference(shown.printed, banner.replaceAll(new URL(url).port, '8080'), new Map()), undefined);
  const urls = [...banner.matchAll(/^ {2}(\w+) +(http:\S+)$/gm)];
  assert.deepEqual(
    urls.map(([, name]) => name),
    ['API', 'Docs', 'Contract', 'Health', 'Metrics'],
  );
  for (const [, , each = ''] of urls) assert.equal((await fetch(each)).status, 200, each);

  const customers = await allCustomers(url);
  const countries = new Set(customers.map(({ address }) => address?.country));
  const written = scripts.filter((script) =>
    customers.some(({ name }) => new RegExp(`\\p{Script=${script}}`, 'u').test(name)),
  );
  context.diagnostic(`${customers.length} customers, ${countries.size} countries, ${written.length} scripts`);
  assert.ok(customers.length > 100 && countries.size >= countriesMin);
  assert.deepEqual(written, scripts);
  for (const { name, phone, timeZone, locale, email, address } of customers) {
    assert.ok(phone && timeZone && locale && email && address?.city, name);
    assert.match(phone, /^\+[1-9]\d{9,12}$/, name);
  }
  assert.ok(
    new Set(customers.map(({ createdAt }) => createdAt.slice(0, 7))).size >= 6,
    'a history of some months',
  );

  const deleted = (await allCustomers(url, '&includeDeleted=true')).filter(({ deletedAt }) => deletedAt);
  assert.ok(deleted.length > 3);
  const changed = customers.find(({ version }) => version === 3);
  const history = await json<CustomerHistory>(`${url}/customers/${changed?.id}/history`);
  assert.deepEqual(
    history.items.map(({ kind }) => kind),
    ['restored', 'deleted', 'created'],
  );

  const body = '{"name":"Not there at the start"}';
  const headers = { 'Content-Type': 'application/json' };
  const created = await fetch(`${url}/customers`, { method: 'POST', body, headers });
  assert.equal(created.status, 201);
  const location = url + created.headers.get('location');
  process.kill(demo.pid, 'SIGUSR2');
  // There is a moment without customers between old and new.
  const isGone = () =>
    fetch(location).then(
      ({ status }) => status === 404,
      () => false,
    );
  const isFull = async () => (await allCustomers(url)).length === customers.length;
  await until(async () => (await isGone()) && (await isFull()), resetTimeoutMs, 200);
  const ids = (all: readonly Customer[]) => all.map(({ id }) => id).sort();
  await until(async () => ids(await allCustomers(url)).join() === ids(customers).join(), resetTimeoutMs, 200);
  assert.equal((await demo.stop()).code, 0);
  assert.deepEqual(contentsOf(folder), {});
});

async function allCustomers(url: string, query = ''): Promise<Customer[]> {
  const all: Customer[] = [];
  let cursor = '';
  do {
    const page = await json<CustomerList>(`${url}/customers?limit=100${query}${cursor}`);
    all.push(...page.items);
    cursor = page.nextCursor ? `&cursor=${encodeURIComponent(page.nextCursor)}` : '';
  } while (cursor);
  return all;
}

async function json<Body>(url: string): Promise<Body> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return (await response.json()) as Body;
}
