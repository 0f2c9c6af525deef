/** How what a request takes grows with the number of customers. */
import { createApiKey } from './databases.ts';
import {
  commonTag,
  commonTerm,
  createdAtMs,
  emailOf,
  externalIdOf,
  idOf,
  phoneOf,
  rareTag,
  rareTerm,
  scramble,
} from './dataset.ts';
import { type LoadRequest, putLoad } from './load.ts';
import { type Measurement, measurement } from './measurement.ts';
import { headersFor, requestsFor } from './operations.ts';
import { cpuTimeUs } from './process-figures.ts';
import { progress } from './progress.ts';
import { type Server, startService } from './servers.ts';

export interface GrowthPoint {
  readonly database: string;
  readonly customers: number;
  readonly what: string;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of the service for a request: what else the machine does hardly shows in it. */
  readonly cpuUs: number;
}

/** The smallest is what the others are compared with. */
export const growthSizes = [10_000, 100_000, 1_000_000, 10_000_000];

const list = (query: string): LoadRequest => ({ method: 'GET', path: `/customers?${query}` });

/** What is asked at each size, over so many customers. `deep` is the position of page 10,000. */
function questions(customers: number, deep: string): Readonly<Record<string, readonly LoadRequest[]>> {
  const any = (make: (index: number) => string) =>
    Array.from({ length: 2000 }, (_, salt) => list(make(scramble(salt) % customers)));
  const time = (index: number) =>
    encodeURIComponent(new Date(createdAtMs(index - (index % 1000))).toISOString());
  return {
    'GET one': requestsFor('get', customers),
    'page 1': requestsFor('first-page', customers),
    'page 10,000': [list(`limit=20&cursor=${deep}`)],
    'sort by name': [list('sort=name')],
    'sort by updatedAt': [list('sort=-updatedAt')],
    'filter id': any((index) => `id=${idOf(index)},${idOf((index * 7) % customers)}`),
    'filter email': any((index) => `email=${encodeURIComponent(emailOf(index))}`),
    'filter phone': any((index) => `phone=${encodeURIComponent(phoneOf(index))}`),
    'filter externalId': any((index) => `externalId=${externalIdOf(index)}`),
    'filter status': [list('status=inactive'), list('status=active')],
    'filter type': [list('type=organization'), list('type=person')],
    'filter tag, common': [list(`tag=${commonTag}`)],
    'filter tag, rare': [list(`tag=${rareTag}`)],
    'filter createdAfter': any((index) => `createdAfter=${time(index)}`),
    'filter createdBefore': any((index) => `createdBefore=${time(index)}`),
    'filter updatedAfter': any((index) => `updatedAfter=${time(index)}&sort=updatedAt`),
    'q with 50 hits': [list(`q=${rareTerm}`)],
    'q with a tenth of all': [list(`q=${commonTerm}`)],
    'q with a tenth of all, narrowed by email': any(
      (index) => `q=example&email=${encodeURIComponent(emailOf(index))}`,
    ),
    'page 1 with its total': [list('includeTotal=true')],
    'total of a status': [list('status=inactive&includeTotal=true')],
    POST: requestsFor('post', customers),
  };
}

/** Asks everything of a database with so many customers. It is written to: give a copy. */
export async function measureGrowthAt(
  databaseUrl: string,
  database: string,
  customers: number,
  seconds: number,
): Promise<GrowthPoint[]> {
  const key = await createApiKey(databaseUrl);
  const service = await startService('growth', databaseUrl, key);
  const points: GrowthPoint[] = [];
  const deep = await cursorOfPage(service, customers);
  for (const [what, requests] of Object.entries(questions(customers, deep))) {
    progress(`${database}, ${customers} customers: ${what}`);
    const headers = { ...(what === 'POST' ? headersFor('post') : {}), ...service.headers };
    // Two callers: what a request takes by itself, and not how long it waits for others.
    const load = { requests, headers, connections: 2 };
    await putLoad(service.url, { ...load, seconds: 1 });
    const before = cpuTimeUs(service.pid);
    const { p50Us, p99Us, requests: count } = await putLoad(service.url, { ...load, seconds });
    points.push({
      database,
      customers,
      what,
      p50Us,
      p99Us,
      cpuUs: (cpuTimeUs(service.pid) - before) / count,
    });
  }
  await service.stop();
  return points;
}

/** Page 10,000, or the last but one where there are fewer: walked to in pages of 100. */
async function cursorOfPage({ url, headers }: Server, customers: number): Promise<string> {
  const wanted = Math.min(9999 * 20, customers - 40);
  let cursor = '';
  for (let passed = 0; passed < wanted; ) {
    const limit = Math.min(100, wanted - passed);
    const last = wanted - passed <= 100;
    // A cursor belongs to a query; its page size can change.
    const reply = await fetch(`${url}/customers?limit=${limit}${cursor && `&cursor=${cursor}`}`, { headers });
    const page = (await reply.json()) as { readonly nextCursor: string };
    cursor = encodeURIComponent(page.nextCursor);
    passed += limit;
    if (last) return cursor;
  }
  return cursor;
}

/** POST and totals are shown without a promise: what they take is the disk's, and bounded at 10,000 rows. */
function isPromised({ customers, what }: GrowthPoint): boolean {
  return customers >= 100_000 && what !== 'POST' && !what.includes('total');
}

/** The targets about growth, by the figures of the smallest size and of a larger one. */
export function growthRows(points: readonly GrowthPoint[]): Measurement[] {
  const [smallest = 0] = growthSizes;
  const rows: Measurement[] = [];
  for (const point of points.filter(isPromised)) {
    const { database, customers, what, p99Us } = point;
    const of = (name: string, size: number) =>
      points.find((one) => one.database === database && one.what === name && one.customers === size)?.p99Us ??
      0;
    const search = /^q with (50|a tenth of all$)/.exec(what);
    const base = search ? of('GET one', customers) : of(what, smallest);
    const row = {
      id: `growth ${database} ${customers} ${what}`,
      what: `p99 of ${what} on ${database}, ${customers.toLocaleString('en')} customers`,
      against: search ? 'GET one' : `${smallest.toLocaleString('en')} customers`,
      ours: `${(p99Us / 1000).toFixed(2)} ms`,
      theirs: `${(base / 1000).toFixed(2)} ms`,
    };
    const atMost = !search ? 1.5 : search[1] === '50' ? 5 : 10;
    rows.push(measurement(row, [p99Us / base], { atMost }));
  }
  return rows;
}
