import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, suite, test } from 'node:test';
import fc from 'fast-check';
import type { CustomerList } from '../../src/contract/types.ts';
import { Failure } from '../../src/domain/failures.ts';
import { createCursorCodec } from '../../src/storage/customers/cursors.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { byTier } from '../support/tier.ts';

const { seed } = randomFrom('cursors');
const runs = byTier({ quick: 60, full: 300, soak: 20_000 });
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const query = '["name",false,[]]';
const position = ['zoe muller', '0198c5a2-7c1e-7b3a-9d42-5e1f0a6b8c37'] as const;

suite('createCursorCodec', () => {
  const key = randomBytes(32);
  const sealer = createCursorCodec(key);
  const cursor = sealer.encode(query, position);

  test('decodes what it encoded, for any position', (t) => {
    const part = fc.string({ unit: 'grapheme', maxLength: 120 });
    fc.assert(
      fc.property(part, part, part, (identity, sortKey, tieBreak) => {
        const sealed = sealer.encode(identity, [sortKey, tieBreak]);
        assert.deepEqual(sealer.decode(identity, sealed), [sortKey, tieBreak]);
        assert.match(sealed, /^[A-Za-z0-9_-]+$/);
      }),
      { seed, numRuns: runs },
    );
    t.diagnostic(`${runs} positions, 0 wrong`);
  });

  test('returns the same cursor for the same position, also from another instance', () => {
    assert.equal(sealer.encode(query, position), cursor);
    assert.equal(createCursorCodec(Buffer.from(key)).encode(query, position), cursor);
  });

  test("the longest name fits into the contract's maximum cursor length", () => {
    assert.ok(sealer.encode(query, ['\u{10ffff}'.repeat(100), position[1]]).length <= 2048);
  });

  test('rejects every cursor with one changed character', (t) => {
    let tried = 0;
    const accepted: string[] = [];
    const attempt = (forged: string) => {
      if (forged === cursor) return;
      tried += 1;
      if (isOpened(() => sealer.decode(query, forged))) accepted.push(forged);
    };
    for (let index = 0; index < cursor.length; index++) {
      for (const letter of `${alphabet}+/=.% `) attempt(replaced(cursor, index, letter));
      attempt(cursor.slice(0, index) + cursor.slice(index + 1));
      attempt(cursor.slice(0, index));
      attempt(cursor.slice(index + 1));
      attempt(`${cursor.slice(0, index)}A${cursor.slice(index)}`);
    }
    for (const end of ['A', '=', '==', '.', ' ', '\n', cursor]) attempt(cursor + end);
    t.diagnostic(`${tried} forged cursors, ${accepted.length} accepted`);
    assert.deepEqual(accepted, []);
  });

  test('rejects every cursor with one changed byte', (t) => {
    const bytes = Buffer.from(cursor, 'base64url');
    let tried = 0;
    for (let index = 0; index < bytes.length; index++) {
      for (let mask = 1; mask < 256; mask++) {
        const forged = Buffer.from(bytes);
        forged[index] = (forged[index] ?? 0) ^ mask;
        tried += 1;
        assert.ok(!isOpened(() => sealer.decode(query, forged.toString('base64url'))));
      }
    }
    t.diagnostic(`${tried} forged cursors, 0 accepted`);
  });

  test('rejects cursors of another query or key, and malformed ones', () => {
    assert.ok(!isOpened(() => sealer.decode('["name",true,[]]', cursor)));
    assert.ok(!isOpened(() => sealer.decode('', cursor)));
    assert.ok(!isOpened(() => createCursorCodec(randomBytes(32)).decode(query, cursor)));
    const nonsense = ['', 'A', '\u0000', 'null', '[]', cursor.toLowerCase(), `${cursor}${cursor}`];
    for (const text of nonsense) assert.ok(!isOpened(() => sealer.decode(query, text)), text);
    for (const length of [1, 15, 16, 17, 32, 100]) {
      assert.ok(!isOpened(() => sealer.decode(query, randomBytes(length).toString('base64url'))));
    }
  });

  test('reveals nothing about the position', () => {
    const name = 'canary canary canary';
    const sealed = sealer.encode(query, [name, position[1]]);
    const bytes = Buffer.from(sealed, 'base64url');
    for (const text of [sealed, bytes.toString('latin1'), bytes.toString('utf8')]) {
      assert.ok(!/canary|0198c5a2|7c1e/.test(text));
    }
    // Similar names must not have similar cursors, or one could be guessed from another.
    const other = Buffer.from(sealer.encode(query, [`${name.slice(0, -1)}z`, position[1]]), 'base64url');
    const same = bytes.filter((byte, index) => byte === other[index]).length;
    assert.ok(same < bytes.length / 4, `${same} of ${bytes.length} bytes are the same`);
  });
});

describeEngines('cursors of a list', (engine) => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { engine });
    for (const name of ['canary one', 'canary two', 'canary three', 'canary four']) {
      await service.call('POST', '/customers', { body: { name, tags: ['t'] } });
    }
  });
  const list = (query: Record<string, string | number>, from = service) =>
    from.call<CustomerList>('GET', '/customers', { query });
  const base = { sort: 'name', limit: 1, tag: 't' };
  const firstCursor = async () => (await list(base)).json.nextCursor as string;

  test('200 with another limit, and the same cursor for the same page', async () => {
    const cursor = await firstCursor();
    assert.equal(await firstCursor(), cursor);
    const { status, json } = await list({ ...base, limit: 2, cursor });
    assert.equal(status, 200);
    assert.deepEqual(
      json.items.map(({ name }) => name),
      ['canary one', 'canary three'],
    );
  });

  test('no cursor and no Link contains a name', async () => {
    const { headers, text } = await list(base);
    const cursor = /cursor=([^>]+)>/.exec(headers.get('link') ?? '')?.[1] ?? '';
    assert.ok(text.includes(cursor));
    assert.ok(!Buffer.from(cursor, 'base64url').toString('latin1').includes('canary'));
  });

  test('400 with another query', async () => {
    const cursor = await firstCursor();
    const { sort, limit, tag } = base;
    const others: Record<string, string | number>[] = [
      { sort: '-name', limit, tag },
      { sort: 'createdAt', limit, tag },
      { limit, tag },
      { sort, limit },
      { ...base, tag: 'u' },
      { ...base, status: 'active' },
      { ...base, includeDeleted: 'true' },
      { ...base, createdAfter: '2020-01-01T00:00:00Z' },
    ];
    for (const other of others) {
      const { status, problem } = await list({ ...other, cursor });
      assert.deepEqual([status, problem.code], [400, 'invalid_cursor'], JSON.stringify(other));
      assert.equal(problem.errors?.[0]?.parameter, 'cursor');
    }
  });

  test('400 for a malformed cursor and for one of another database', async () => {
    const cursor = await firstCursor();
    const other = await startTestService(cleanup, { engine });
    for (const name of ['canary one', 'canary two']) {
      await other.call('POST', '/customers', { body: { name, tags: ['t'] } });
    }
    const foreign = await list({ ...base, cursor }, other);
    assert.deepEqual([foreign.status, foreign.problem.code], [400, 'invalid_cursor']);
    for (const broken of [`${cursor}A`, cursor.slice(0, -1), 'A', '0', cursor.toUpperCase()]) {
      const { status, problem } = await list({ ...base, cursor: broken });
      assert.deepEqual([status, problem.code], [400, 'invalid_cursor'], broken);
    }
  });

  test('200 on another instance and after a restart', async () => {
    const cursor = await firstCursor();
    const { databaseUrl } = service;
    if (engine === 'postgres') {
      const second = await startTestService(cleanup, { engine, databaseUrl });
      assert.equal((await list({ ...base, cursor }, second)).status, 200);
    }
    await service.stop();
    service = await startTestService(cleanup, { engine, databaseUrl });
    assert.equal((await list({ ...base, cursor })).status, 200);
  });
});

function replaced(text: string, index: number, letter: string): string {
  return text.slice(0, index) + letter + text.slice(index + 1);
}

/** Whether a cursor was accepted; errors other than `invalid_cursor` are rethrown. */
function isOpened(open: () => unknown): boolean {
  try {
    open();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === 'invalid_cursor') return false;
    throw error;
  }
}
