/**
 * The disk is full, or another process holds the write lock. Writes return 503 and store nothing, reads work,
 * and writes work again by themselves afterwards.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { freshDatabaseUrl } from '../support/engines.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { startTestService, type TestService } from '../support/service.ts';

const recoveryMaxMs = 10_000;
const diskMegabytes = 8;
/** Enough to fill the disk regardless of the initial size of the files. */
const customersMax = 5000;

interface Created {
  readonly id: string;
}

async function create(service: TestService, name: string) {
  const body = { name, note: 'x'.repeat(4000) };
  const reply = await service.call<Created>('POST', '/customers', { body });
  if (reply.status !== 201) {
    assert.deepEqual([reply.status, reply.problem.code], [503, 'unavailable']);
    assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
  }
  return reply;
}

/** Creates customers one by one until one is refused; returns the ids of the others. */
async function createUntilRefused(service: TestService): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  for (let count = 0; count < customersMax; count++) {
    const reply = await create(service, `Customer ${count}`);
    if (reply.status !== 201) return acknowledged;
    acknowledged.push(reply.json.id);
  }
  throw new Error('nothing was refused');
}

async function assertReadable(service: TestService, ids: readonly string[]): Promise<void> {
  for (const id of ids) assert.equal((await service.call('GET', `/customers/${id}`)).status, 200, id);
  assert.equal((await service.call('GET', '/customers?limit=100&sort=name')).status, 200);
}

/** Repeats a write until it succeeds, as a client that honours Retry-After does. */
async function recover(service: TestService): Promise<number> {
  const started = performance.now();
  while (performance.now() - started < recoveryMaxMs) {
    if ((await create(service, 'After')).status === 201) return Math.round(performance.now() - started);
    await delay(100);
  }
  throw new Error(`no write succeeded within ${recoveryMaxMs} ms`);
}

async function count(cleanup: Cleanup, databaseUrl: string): Promise<number> {
  const [row] = await select<{ count: number }>(
    openDirectly(cleanup, databaseUrl),
    'SELECT count(*) AS count FROM customers',
  );
  return Number(row?.count);
}

/** Mounts a disk of a few megabytes; undefined without the right to do so. */
async function smallDisk(cleanup: Cleanup): Promise<string | undefined> {
  const folder = await temporaryFolder(cleanup);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m`, 'none', folder]);
  if (status !== 0) return undefined;
  afterwards(cleanup, () => void spawnSync('umount', ['-l', folder]));
  return folder;
}

function holdWriteLock(engine: Engine) {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  let released = Promise.resolve();
  const held = new Promise<void>((resolve) => {
    released = engine.transaction(() => {
      resolve();
      return until;
    });
  });
  return { held, released, release };
}

describe('storage in trouble [sqlite]', () => {
  test('a full disk', async (context) => {
    const disk = await smallDisk(context);
    if (!disk) return context.skip('this user may not mount a small disk');
    const databaseUrl = `sqlite:${join(disk, 'customers.db')}`;
    const ballast = join(disk, 'ballast');
    await writeFile(ballast, Buffer.alloc((diskMegabytes / 2) * 1024 * 1024));
    const service = await startTestService(context, { engine: 'sqlite', databaseUrl });
    const acknowledged = await createUntilRefused(service);
    await assertReadable(service, acknowledged);
    assert.equal((await fetch(`${service.url}/livez`)).status, 200);
    await rm(ballast);
    const tookMs = await recover(service);
    assert.equal(
      await count(context, databaseUrl),
      acknowledged.length + 1,
      'a refused write must not be stored',
    );
    context.diagnostic(`${acknowledged.length} acknowledged, 0 lost, writing again after ${tookMs} ms`);
    assert.ok(acknowledged.length > 0);
  });

  test('another process holds the write lock', async (context) => {
    const databaseUrl = await freshDatabaseUrl(context, 'sqlite');
    const service = await startTestService(context, { engine: 'sqlite', databaseUrl });
    const acknowledged = [await create(service, 'Before')].map(({ json }) => json.id);
    const other = openDirectly(context, databaseUrl);
    const lock = holdWriteLock(other);
    afterwards(context, lock.release);
    await lock.held;
    const replies = await Promise.all([1, 2, 3].map((number) => create(service, `Held ${number}`)));
    assert.deepEqual(
      replies.map(({ status }) => status),
      [503, 503, 503],
    );
    await assertReadable(service, acknowledged);
    lock.release();
    await lock.released;
    const tookMs = await recover(service);
    assert.equal(await count(context, databaseUrl), 2, 'a refused write must not be stored');
    context.diagnostic(`3 of 3 refused, 0 lost, writing again after ${tookMs} ms`);
  });
});
