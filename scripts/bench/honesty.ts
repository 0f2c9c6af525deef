/** Checks that each peer does what the report says, so that the comparison is fair. */
import assert from 'node:assert/strict';
import { customerOf, idOf } from './dataset.ts';
import type { Server } from './servers.ts';

/** Whatever of it is looked at. */
interface Reply extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly createdAt: string;
  readonly items: readonly Reply[];
  readonly nextCursor: string;
}

const answered = { get: 200, list: 200, create: 201, update: 200 };

/**
 * Reads, lists, creates, changes and reads again.
 * @param work whether a write must also return its position in a feed.
 * @throws AssertionError that names what was not done.
 */
export async function assertDoesTheWork(server: Server, { feed = false } = {}): Promise<void> {
  const index = 17;
  const call = async (expected: number, method: string, path: string, body?: object) => {
    const reply = await fetch(server.url + path, {
      method,
      headers: { ...server.headers, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const json = (await reply.json()) as Reply;
    assert.equal(reply.status, expected, `${server.name}: ${method} ${path}: ${JSON.stringify(json)}`);
    return { json, headers: reply.headers };
  };

  const { json: found } = await call(answered.get, 'GET', `/customers/${idOf(index)}`);
  assert.equal(found.email, customerOf(index).email, `${server.name} finds another customer`);
  assert.deepEqual(found.tags, customerOf(index).tags);
  assert.equal(Object.keys(found).length, customerMembers, `${server.name} leaves members out`);

  const { json: page } = await call(answered.list, 'GET', '/customers?limit=20');
  assert.equal(page.items.length, 20);
  const last = page.items[19] as Reply;
  assert.equal(Object.keys(last).length, customerMembers);
  const next = `/customers?limit=20&cursor=${encodeURIComponent(page.nextCursor)}`;
  const { json: second } = await call(answered.list, 'GET', next);
  assert.ok((second.items[0] as Reply).createdAt <= last.createdAt, `${server.name} does not page`);
  assert.notEqual((second.items[0] as Reply).id, last.id);

  const email = `honest.${Date.now()}@example.com`;
  const { json: made, headers } = await call(answered.create, 'POST', '/customers', {
    name: 'Honest',
    email,
  });
  const { json: changed } = await call(answered.update, 'PATCH', `/customers/${made.id}`, {
    note: 'changed',
  });
  const { json: reread } = await call(answered.get, 'GET', `/customers/${made.id}`);
  assert.deepEqual(reread, changed, `${server.name} does not store what it answers`);
  assert.equal(reread.version, 2);
  if (feed) assert.match(headers.get('feed-position') ?? '', /^\d+$/, `${server.name} keeps no history`);
}

const customerMembers = 18;
