import assert from 'node:assert/strict';
import type { ChangePage, Customer, CustomerList } from '../../../src/contract/types.ts';
import { naughtyStrings } from '../../hostile/naughty-strings.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import { allScopes, bearer, keyMaker, until } from '../../support/credentials.ts';
import { freshDatabaseUrl } from '../../support/engines.ts';
import { type Reply, startTestService, type TestService } from '../../support/service.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Calls a service as the only principal of these tests. */
export function callerOf(service: TestService, key: string) {
  return <Body = unknown>(
    method: string,
    path: string,
    { headers, ...options }: Parameters<TestService['call']>[2] = {},
  ): Promise<Reply<Body>> =>
    service.call<Body>(method, path, { ...options, headers: { ...headers, ...bearer(key) } });
}

export type Caller = ReturnType<typeof callerOf>;

/** A database with customers in every state, and what its service returned before it was stopped. */
export interface FilledSource {
  readonly databaseUrl: string;
  readonly key: string;
  /** Response texts by name, which must be the same from either database. */
  readonly answers: ReadonlyMap<string, string>;
  readonly live: Customer;
  readonly erasedId: string;
  readonly head: number;
}

/** What a client may keep across the move. */
export const kept = {
  create: { body: { name: 'Once', email: 'once@example.com' }, headers: { 'Idempotency-Key': 'kept' } },
  touch: { headers: { 'Idempotency-Key': 'kept-erased' } },
} as const;

/**
 * Live, updated, deleted, restored and erased customers, a history cut by retention, keys, and unusual text.
 */
export async function fillSource(
  cleanup: Cleanup,
  { texts = naughtyStrings }: { readonly texts?: readonly string[] } = {},
): Promise<FilledSource> {
  const engine = 'sqlite';
  const databaseUrl = await freshDatabaseUrl(cleanup, engine);
  const environment = { AUTH: 'keys', RETENTION_CHANGES_DAYS: '2' };
  const old = await startTestService(cleanup, {
    engine,
    databaseUrl,
    environment,
    clock: () => Date.now() - 10 * dayMs,
  });
  const keys = keyMaker(cleanup, databaseUrl);
  const { text: key } = await keys.create(allScopes);
  const revoked = await keys.create(['customers:read']);
  await keys.store.revoke(revoked.id, new Date().toISOString());
  const ready = callerOf(old, key);
  await until(async () => (await ready('GET', '/customers')).status === 200, 10_000);
  await importNames(ready, 'Früher', 30);
  await old.stop();

  const service = await startTestService(cleanup, { engine, databaseUrl, environment, sweepIntervalMs: 50 });
  const call = callerOf(service, key);
  await until(async () => (await call('GET', '/changes?after=0')).status === 410, 10_000);
  await fillWith(call, texts);
  const erasedId = await erased(call);
  const answers = await answersOf(call, key);
  const [live] = (await call<CustomerList>('GET', '/customers?q=heute%203')).json.items as Customer[];
  assert.ok(live);
  const head = Number((await call<ChangePage>('GET', '/changes?after=latest')).json.next);
  await service.stop();
  return { databaseUrl, key, answers, live, erasedId, head };
}

async function importNames(call: Caller, name: string, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ name: `${name} ${index}`, externalId: `${name.length}:${index}`, tags: ['b', 'a'] }),
  );
  await importLines(call, lines, count);
}

async function importLines(call: Caller, lines: readonly string[], createdMin: number): Promise<void> {
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const { text } = await call('POST', '/customers/import', { body: lines.join('\n'), headers });
  const created = text.split('"status":201').length - 1;
  assert.ok(
    created >= createdMin,
    `${created} of ${lines.length} lines were imported: ${text.slice(0, 300)}`,
  );
}

async function fillWith(call: Caller, notes: readonly string[]): Promise<void> {
  await importNames(call, 'heute', 40);
  const texts = notes.map((note, index) =>
    JSON.stringify({
      name: `Text ${index}`,
      note,
      metadata: { a: [...note].slice(0, 200).join(''), b: '' },
      tags: [],
    }),
  );
  await importLines(call, texts, Math.floor(texts.length * 0.9));
  const { json: first } = await call<Customer>('POST', '/customers', kept.create);
  await call('PATCH', `/customers/${first.id}`, { body: { note: 'since' } });
  for (const [index, body] of [{ name: 'Gone', email: 'gone@example.com' }, { name: 'Back' }].entries()) {
    const { json } = await call<Customer>('POST', '/customers', { body });
    await call('DELETE', `/customers/${json.id}`);
    if (index === 1) await call('POST', `/customers/${json.id}/restore`);
  }
}

async function erased(call: Caller): Promise<string> {
  const body = { name: 'Erased Canary', email: 'canary@example.com', tags: ['canary-tag'] };
  const { json } = await call<Customer>('POST', '/customers', { body, ...kept.touch });
  assert.equal((await call('POST', `/customers/${json.id}/erase`)).status, 200);
  return json.id;
}

const pagesBefore = 3;

/**
 * Requests everything a client may request again after a move. Cursors and positions come from the responses.
 */
async function answersOf(call: Caller, key: string): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  const ask = async <Body>(path: string) => {
    const reply = await call<Body>('GET', path);
    answers.set(path, reply.text);
    return reply;
  };
  for (const query of [
    'sort=name&limit=50',
    'limit=30',
    'includeDeleted=true&sort=-updatedAt',
    'q=heute&limit=7',
  ]) {
    let path = `/customers?${query}`;
    for (let page = 0; page < pagesBefore; page += 1) {
      const { nextCursor } = (await ask<CustomerList>(path)).json;
      if (nextCursor === null) break;
      path = `/customers?${query}&cursor=${encodeURIComponent(nextCursor)}`;
    }
  }
  await ask('/customers?q=u');
  await ask('/customers/export?includeDeleted=true');
  for (let after = '30', items = 1; items > 0; ) {
    const { json: page } = await ask<ChangePage>(`/changes?after=${after}&limit=100`);
    after = page.next;
    items = page.items.length;
  }
  assert.ok(!JSON.stringify([...answers]).includes(key));
  return answers;
}
