import { type Backend, type Database, type OpenDatabase, safeMessage } from '../engine/backend.ts';
import type { Engine } from '../engine/engine.ts';
import { StorageError, toFailure } from '../errors.ts';
import { checkReplica, serverChecks } from './checks.ts';
import { postgres } from './dialect.ts';
import { openPostgres } from './driver.ts';
import { replicaTimeoutMs } from './replica.ts';
import { assertTrigrams, createTrigramExtension } from './trigrams.ts';

export interface PostgresConfig {
  readonly url: string;
  /** Reading connections, to the primary and to the replica each. */
  readonly poolSize: number;
  readonly replicaUrl?: string;
}

/** The backend for a database on a PostgreSQL server. */
export function postgresBackend({ url, poolSize, replicaUrl }: PostgresConfig): Backend {
  return {
    isPersistent: true,
    assertExists() {},
    async open(timeoutMs) {
      return openDatabase(openPostgres({ url, readerConnections: poolSize, timeoutMs }));
    },
    assertSupported,
    async prepareToServe(database, requestTimeoutMs) {
      await assertTrigrams(database.engine);
      if (replicaUrl === undefined) return database;
      const timeoutMs = Math.min(replicaTimeoutMs, Math.floor(requestTimeoutMs / 4));
      return addReplica(database, replicaUrl, poolSize, timeoutMs);
    },
    openForDoctor: () => openPostgres({ url, readerConnections: 1, timeoutMs: 0 }),
    checks: (engine) => ({
      ...serverChecks(engine, () => assertSupported(engine)),
      ...(replicaUrl !== undefined && { replica: () => checkReplicaAt(engine, replicaUrl) }),
    }),
    toStorageError(error, hint = 'Check DATABASE_URL.') {
      if (error instanceof StorageError) return error;
      const isUnreachable = toFailure(error, postgres, 'read') !== error;
      const verb = isUnreachable ? 'reach' : 'use';
      return new StorageError(`cannot ${verb} the database: ${safeMessage(error, postgres)}. ${hint}`);
    },
  };
}

function openDatabase(engine: Engine): OpenDatabase {
  return {
    engine,
    async lock() {},
    migrateExclusively: (migrate) =>
      withMigrationLock(engine, async () => {
        // First, so that nothing is migrated when the extension is missing.
        await createTrigramExtension(engine);
        return migrate();
      }),
    close: () => engine.close(),
  };
}

/** @throws StorageError when the replica belongs to another database. */
async function addReplica(
  database: Database,
  url: string,
  readerConnections: number,
  timeoutMs: number,
): Promise<Database> {
  const engine = openPostgres({ url, readerConnections, timeoutMs, standby: true });
  try {
    const check = await checkReplica(database.engine, engine);
    if (check.level === 'fault') throw new StorageError(`the replica ${check.text}`);
    const close = () => engine.close().finally(() => database.close());
    return { ...database, replica: { engine, timeoutMs, check }, close };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function checkReplicaAt(primary: Engine, url: string) {
  const replica = openPostgres({ url, readerConnections: 1, timeoutMs: replicaTimeoutMs, standby: true });
  return checkReplica(primary, replica).finally(() => replica.close());
}

const oldestServerVersion = 140000;

/** @throws StorageError for a server or a database that could lose acknowledged writes or alter text. */
async function assertSupported(engine: Engine): Promise<void> {
  const [row] = await engine.read((session) =>
    session.run<{ encoding: string; version: string; synchronous_commit: string }>(
      "SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num') AS version, " +
        "current_setting('synchronous_commit') AS synchronous_commit",
      [],
    ),
  );
  if (Number(row?.version) < oldestServerVersion) throw new StorageError('PostgreSQL 14 or newer is needed.');
  if (row?.synchronous_commit === 'off') {
    throw new StorageError(
      'synchronous_commit is off: a crash could lose acknowledged writes. Set it to on.',
    );
  }
  if (row?.encoding !== 'UTF8') {
    throw new StorageError(
      `the database has the encoding ${row?.encoding}. Create it with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
}

/** Arbitrary keys of advisory locks, unlikely to be used by another application. */
const migrationLock = 7_215_304_411;
const moveLock = 7_215_304_412;

/** Runs work while no other process holds the lock. Like the one below it ends with its session. */
async function withMigrationLock<Result>(engine: Engine, work: () => Promise<Result>): Promise<Result> {
  return engine.read(async (session) => {
    await session.run('SELECT pg_advisory_lock(?)', [migrationLock]);
    try {
      return await work();
    } finally {
      await session.run('SELECT pg_advisory_unlock(?)', [migrationLock]);
    }
  });
}

/** Runs work unless another `customers move` is filling the database; returns undefined then. */
export async function tryMoveLock<Result>(
  engine: Engine,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  return engine.read(async (session) => {
    const sql = 'SELECT pg_try_advisory_lock(?) AS taken';
    const [row] = await session.run<{ taken: boolean }>(sql, [moveLock]);
    return row?.taken ? { result: await work() } : undefined;
  });
}
