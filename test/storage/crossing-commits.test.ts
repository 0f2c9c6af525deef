/**
 * Why positions come from `feed_head`: a reader misses changes when transactions that use a plain sequence
 * cross.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { type Change, createChangeLog } from '../../src/storage/changes/change-log.ts';
import type { Engine, Session } from '../../src/storage/engine/engine.ts';
import { byTier } from '../support/tier.ts';
import { execute, openDirectly, select } from './direct-engine.ts';
import { openStore } from './open-store.ts';

const rounds = byTier({ quick: 2, full: 5, soak: 200 });

/** How long an unblocked transaction may take. */
const patienceMs = 200;

/** Writes one row in the session's transaction. */
type Append = (session: Session, name: string) => Promise<unknown>;

interface Instances {
  readonly slow: Engine;
  readonly quick: Engine;
  readonly reader: Engine;
}

test('a reader misses late commits with a sequence, and none with feed_head [postgres]', async (t) => {
  const { databaseUrl } = await openStore(t, 'postgres');
  const open = () => openDirectly(t, databaseUrl);
  const instances = { slow: open(), quick: open(), reader: open() };
  await execute(instances.reader, 'CREATE TABLE scratch (position bigserial PRIMARY KEY, name text)');
  const log = createChangeLog(instances.reader.dialect);
  const bySequence: Append = (session, name) => session.run('INSERT INTO scratch (name) VALUES (?)', [name]);
  const byHead: Append = (session, name) => log.append(session, [changeOf(name)]);

  const skipped = { scratch: 0, changes: 0 };
  for (let round = 0; round < rounds; round++) {
    skipped.scratch += await commitCrosswise(instances, 'scratch', bySequence);
    skipped.changes += await commitCrosswise(instances, 'changes', byHead);
  }
  t.diagnostic(
    `${rounds} pairs of crossing transactions on two instances: ${skipped.scratch} changes skipped by a ` +
      `sequence, ${skipped.changes} by feed_head`,
  );
  assert.deepEqual(skipped, { scratch: rounds, changes: 0 });
});

/**
 * One transaction writes first and commits last; another writes and commits in between, if it can. A reader
 * continues from the last position it has seen, as a consumer of the feed does.
 * @returns how many rows the reader missed.
 */
async function commitCrosswise(
  { slow, quick, reader }: Instances,
  table: string,
  append: Append,
): Promise<number> {
  const after = (position: string) =>
    select<{ position: string }>(
      reader,
      `SELECT CAST(position AS text) AS position FROM ${table} WHERE position > ? ORDER BY ${table}.position`,
      position,
    );
  const before = (await after('0')).at(-1)?.position ?? '0';
  const seen: string[] = [];
  const look = async () => {
    seen.push(...(await after(seen.at(-1) ?? before)).map(({ position }) => position));
  };

  const written = deferred();
  const looked = deferred();
  const slowly = slow.transaction(async (session) => {
    await append(session, 'slow');
    written.resolve();
    await looked.promise;
  });
  await written.promise;
  const quickly = quick.transaction((session) => append(session, 'quick'));
  // By now it has either committed or is waiting for the slow one.
  await Promise.race([quickly, delay(patienceMs)]);
  await look();
  looked.resolve();
  await Promise.all([slowly, quickly]);
  await look();
  return (await after(before)).length - seen.length;
}

function changeOf(name: string): Change {
  return {
    customerId: uuidv7(),
    version: 1,
    kind: 'created',
    source: 'api',
    at: '2026-03-14T09:26:53.589Z',
    actor: 'tester',
    requestId: 'request-1',
    changes: null,
    snapshot: JSON.stringify({ name }) as Change['snapshot'],
  };
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
