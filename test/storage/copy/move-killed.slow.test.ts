/**
 * A killed move resumes and picks up what changed in between.
 *
 * Planted, and each failed: a key skipped after each chunk, a resumed run that trusts a chunk with rows
 * instead of comparing it (an erased customer stays), `removeConflicts` left out, `removeAfter` left out, the
 * marker dropped before verification.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../../src/config/config.ts';
import { createCommand, updateCommand } from '../../../src/domain/commands.ts';
import { holdsEmail, searchTables } from '../../../src/storage/erasure/audit.ts';
import { openToServe } from '../../../src/storage/open.ts';
import { freshDatabaseUrl } from '../../support/engines.ts';
import { type CommandExit, runCommand, startCommand } from '../../support/process.ts';
import { randomFrom } from '../../support/random.ts';
import { startTestService } from '../../support/service.ts';
import { tier } from '../../support/tier.ts';
import { openDirectly, select } from '../direct-engine.ts';
import { type OpenStore, openStore, plainContext } from '../open-store.ts';
import { assertSameRows } from './compare-rows.ts';
import { runMove } from './run-move.ts';

const soak = tier === 'soak';
const kills = soak ? 30 : 5;
const customerCount = soak ? 6000 : 1500;

describe('customers move, interrupted', () => {
  test(`kills and changes between the runs: the last run ends with the same rows`, async (t) => {
    const random = randomFrom('move killed');
    const { target, env, ids } = await prepare(t, customerCount);
    const direct = openDirectly(t, target);
    let killed = 0;
    let erasedEmails: string[] = [];
    for (let round = 0; round < kills; round += 1) {
      const move = await startCommand(['move', '--to', target], { env, ready: /Copying/ });
      const rowsMin = round === 0 ? 0 : random.integer(0, customerCount * 2.5);
      let ended = false;
      const exited = move.exited.finally(() => {
        ended = true;
      });
      while (!ended && (await rowsIn(direct)) < rowsMin) await delay(2);
      // The first run is interrupted, the others are killed.
      const exit = await move.stop(round === 0 ? 'SIGINT' : 'SIGKILL');
      await exited;
      if (exit.code === 0) break;
      if (round === 0) assertStopped(exit);
      killed += 1;
      await refusesToServe(target);
      // The source may be served between two runs.
      const store = await openStore(t, 'sqlite', { databaseUrl: env.DATABASE_URL });
      erasedEmails = [...erasedEmails, ...(await changeSource(store, ids, round))];
      await store.close();
    }
    const { found } = await runMove(env.DATABASE_URL, target);
    const rows = await assertSameRows(openDirectly(t, env.DATABASE_URL), direct);
    for (const email of erasedEmails) assert.equal(await residueOf(direct, email), 0, email);
    assert.ok(killed > 0, 'every run finished before it could be killed');
    t.diagnostic(
      `${killed} kills; ${rows} identical rows; the last run found ${found} in the target; ${erasedEmails.length} erased in between, 0 traces`,
    );
  });

  test('a customer erased from the end of the source after a run is removed from the target by the next run', async (t) => {
    const { target, env, ids } = await prepare(t, 700);
    await runMove(env.DATABASE_URL, target, { ahead: true });
    const store = await openStore(t, 'sqlite', { databaseUrl: env.DATABASE_URL });
    const newest = 'SELECT id, email FROM customers WHERE ordinal = (SELECT max(ordinal) FROM customers)';
    const [customer] = await select<{ id: string; email: string }>(store.engine, newest);
    await store.erasures.erase(customer?.id ?? '', {}, plainContext());
    await changeSource(store, ids, 0);
    await store.close();
    const direct = openDirectly(t, target);
    assert.ok((await residueOf(direct, customer?.email ?? '')) > 0, 'it was not copied ahead');
    const { found } = await runMove(env.DATABASE_URL, target);
    assert.equal(await residueOf(direct, customer?.email ?? ''), 0);
    assert.ok(found > 0, 'it started from scratch');
    await assertSameRows(openDirectly(t, env.DATABASE_URL), direct);
  });

  test('copies ahead while the service runs, and the rest once it is stopped', async (t) => {
    const { target, env, ids } = await prepare(t, 1500);
    const service = await startTestService(t, { engine: 'sqlite', databaseUrl: env.DATABASE_URL });
    let writing = true;
    let writes = 0;
    const writer = (async () => {
      for (let index = 0; writing; index += 1, writes += 1) {
        const id = ids[(index * 7) % ids.length] ?? '';
        const { status } = await service.call('PATCH', `/customers/${id}`, { body: { note: `n${index}` } });
        assert.equal(status, 200);
        await service.call('POST', '/customers', { body: { name: `new ${index}` } });
      }
    })();
    const ahead = await runCommand(['move', '--ahead', '--to', target], { env });
    writing = false;
    await writer;
    assert.equal(ahead.code, 0, ahead.stderr);
    assert.match(ahead.stdout, /^Copied ahead to .*cannot be served yet/);
    await refusesToServe(target);
    await service.stop();
    await runMove(env.DATABASE_URL, target);
    const rows = await assertSameRows(openDirectly(t, env.DATABASE_URL), openDirectly(t, target));
    t.diagnostic(`${writes * 2} writes during the copy; ${rows} identical rows at the end`);
  });
});

/** A source of customers with an email and two versions each. */
async function prepare(t: TestContext, count: number) {
  const store = await openStore(t, 'sqlite');
  const ids = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const body = {
        name: `Customer ${index}`,
        email: `c${index}@example.com`,
        tags: ['all', `t${index % 9}`],
      };
      const { id } = await store.customers.write(createCommand(body), plainContext());
      await store.customers.write(updateCommand(id, { note: `note ${index}` }, {}), plainContext());
      return id;
    }),
  );
  await store.close();
  const target = await freshDatabaseUrl(t, 'postgres');
  return { target, env: { DATABASE_URL: store.databaseUrl }, ids };
}

function assertStopped({ code, stdout, stderr }: CommandExit): void {
  assert.deepEqual([code, stdout], [130, '']);
  assert.match(stderr, /\ncustomers: stopped by SIGINT\. Run the same command again to continue\.\n$/);
}

/** Erases and deletes customers, and moves the newest customers' emails to the oldest. */
async function changeSource({ customers, erasures }: OpenStore, ids: readonly string[], round: number) {
  const at = (index: number) => ids.at(index) ?? '';
  const erasedIndex = 10 + round;
  const patch = (index: number, email: string | null) =>
    customers.write(updateCommand(at(index), { email }, {}), plainContext());
  await erasures.erase(at(erasedIndex), {}, plainContext());
  await customers.write({ kind: 'delete', id: at(300 + round), precondition: {} }, plainContext());
  for (const index of [100 + round, 200 + round]) {
    const newest = ids.length - index;
    await patch(newest, null);
    await patch(index, `c${newest}@example.com`);
  }
  return [`c${erasedIndex}@example.com`];
}

type Direct = ReturnType<typeof openDirectly>;

async function rowsIn(direct: Direct): Promise<number> {
  const count = 'SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM changes) AS count';
  const [row] = await select<{ count: string }>(direct, count).catch(() => []);
  return Number(row?.count ?? 0);
}

async function residueOf(direct: Direct, email: string): Promise<number> {
  let traces = 0;
  for await (const place of searchTables(direct, holdsEmail(email))) traces += place.matches;
  return traces;
}

/** If the move had not yet created the schema, the refusal says so instead. */
async function refusesToServe(databaseUrl: string): Promise<void> {
  const { database } = loadConfig({ DATABASE_URL: databaseUrl });
  await assert.rejects(openToServe(database, 5000), /the database is not complete: customers move/);
}
