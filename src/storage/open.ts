import type { DatabaseConfig } from '../config/parsers.ts';
import type { Backend, Database, OpenDatabase } from './engine/backend.ts';
import type { Engine } from './engine/engine.ts';
import { StorageError } from './errors.ts';
import type { Migration } from './migrations/migration.ts';
import { applyMigrations, migrations, readSchemaState } from './migrations/migrator.ts';
import { postgresBackend } from './postgres/backend.ts';
import { sqliteBackend } from './sqlite/backend.ts';

/** Statement timeout of {@link openForCli}. */
const commandTimeoutMs = 10_000;

/** Returns the backend of the configured database. Nothing else in storage looks at which one it is. */
export function backendOf(config: DatabaseConfig): Backend {
  return config.engine === 'sqlite' ? sqliteBackend(config) : postgresBackend(config);
}

/**
 * Opens the database for serving requests. Migrates a SQLite file; a shared database must be migrated already, because
 * other instances may be serving from it.
 * @throws StorageError with what to do about it. Nothing was changed then.
 */
export function openToServe(
  config: DatabaseConfig,
  timeoutMs: number,
  steps: readonly Migration[] = migrations,
): Promise<Database> {
  const backend = backendOf(config);
  return openWith(backend, timeoutMs, async (database) => {
    await database.lock();
    const { pending } = await readUsableSchema(backend, database.engine, steps);
    if (pending.length > 0) {
      if (database.engine.dialect.isShared) throw outdatedSchema();
      await applyMigrations(database.engine, steps);
    }
    return backend.prepareToServe(database, timeoutMs);
  });
}

/**
 * Opens the database for reading, also while a service uses it.
 * @throws StorageError as {@link openToServe}, and when there is no database.
 */
export async function openToRead(config: DatabaseConfig, timeoutMs: number): Promise<Database> {
  const backend = backendOf(config);
  backend.assertExists();
  return openWith(backend, timeoutMs, async (database) => {
    const { pending } = await readUsableSchema(backend, database.engine);
    if (pending.length > 0) throw outdatedSchema();
    return database;
  });
}

/**
 * Opens the database for a command that reads and writes, also while a service uses it. Migrates a new or outdated
 * SQLite file, unless a service uses it.
 * @throws StorageError as {@link openToServe}.
 */
export async function openForCli(config: DatabaseConfig): Promise<Database> {
  const backend = backendOf(config);
  if (!backend.isPersistent) {
    throw new StorageError(
      'a temporary database is its own process alone. Set DATABASE_URL to one that stays.',
    );
  }
  return openWith(backend, commandTimeoutMs, async (database) => {
    const { engine } = database;
    const { pending } = await readUsableSchema(backend, engine);
    if (pending.length === 0) return database;
    if (engine.dialect.isShared) throw outdatedSchema();
    await database.migrateExclusively(() => applyMigrations(engine));
    return database;
  });
}

/**
 * Brings the schema up to date.
 * @returns the names of the applied migrations.
 * @throws StorageError as {@link openToServe}.
 */
export async function migrate(
  config: DatabaseConfig,
  steps: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  const backend = backendOf(config);
  if (!backend.isPersistent) {
    throw new StorageError(
      'a temporary database has nothing to migrate. Set DATABASE_URL to one that stays.',
    );
  }
  // No timeout: migrating a large table takes long.
  const database = await backend.open(0);
  try {
    const { engine } = database;
    const { pending } = await readSchema(backend, engine, steps);
    if (pending.length === 0) return [];
    return await database.migrateExclusively(() => applyMigrations(engine, steps));
  } catch (error) {
    throw backend.toStorageError(error);
  } finally {
    await database.close();
  }
}

/** Opens the database and prepares it. When that fails, closes it and throws a StorageError. */
async function openWith(
  backend: Backend,
  timeoutMs: number,
  prepare: (database: OpenDatabase) => Promise<Database>,
): Promise<Database> {
  const database = await backend.open(timeoutMs);
  try {
    return await prepare(database);
  } catch (error) {
    await database.close();
    throw backend.toStorageError(error);
  }
}

/** @throws StorageError when a newer release has changed the schema so that this one cannot use it. */
async function readSchema(backend: Backend, engine: Engine, steps: readonly Migration[] = migrations) {
  await backend.assertSupported(engine);
  const state = await readSchemaState(engine, steps);
  // Migrations of two releases in one database would run in an order that no release tests.
  const unexpected = state.pending.length > 0 ? [...state.unknown, ...state.newer] : state.unknown;
  if (unexpected.length === 0) return state;
  throw new StorageError(
    `the database schema is newer than this program (it has ${unexpected.join(', ')}). Run the newer release.`,
  );
}

/** @throws StorageError as {@link readSchema}, and for a database that `customers move` has not completed. */
async function readUsableSchema(backend: Backend, engine: Engine, steps?: readonly Migration[]) {
  const state = await readSchema(backend, engine, steps);
  if (!state.incomplete) return state;
  throw new StorageError(
    'the database is not complete: customers move is filling it, or was cut off. Run the same customers move again, ' +
      'and wait until it says that everything was verified.',
  );
}

function outdatedSchema(): StorageError {
  return new StorageError(
    'the database schema is not up to date. Run: customers migrate (in a clone: npm run customers -- migrate)',
  );
}
