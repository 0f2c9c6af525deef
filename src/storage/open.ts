import { existsSync } from 'node:fs';
import { type FileHandle, open as openFile, stat } from 'node:fs/promises';
import type { DatabaseConfig } from '../config/parsers.ts';
import { type Finding, lookAtReplica } from './doctor/replica.ts';
import type { Engine } from './engine/engine.ts';
import { StorageProblem, toFailure } from './errors.ts';
import type { Migration } from './migrations/migration.ts';
import { applyMigrations, checkIsOurs, migrations, readSchemaState } from './migrations/migrator.ts';
import { checkServer, openPostgres, withAdvisoryLock } from './postgres/driver.ts';
import { type Replica, replicaTimeoutMs } from './postgres/replica.ts';
import { checkTrigrams, prepareTrigrams } from './postgres/trigrams.ts';
import { openReaders, openSqlite } from './sqlite/driver.ts';
import { checkIsDatabase, glimpseTables, lockFile, prepareFile, temporaryFile } from './sqlite/file.ts';

const behind =
  'the database schema is not up to date. Run: customers migrate (in a clone: npm run customers -- migrate)';

/** An opened database. */
export interface Database {
  readonly engine: Engine;
  /** The file of an embedded database, to look at its bytes. It is closed after SQLite has closed its own: closing
   * any descriptor of a file gives up the locks that the process has on it. */
  readonly file?: FileHandle;
  /** A server that has a copy of it, and what was found of that one at the start. */
  readonly replica?: Replica & { readonly finding: Finding };
  /** The size of its write-ahead log. */
  readonly walBytes?: () => Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens the database to serve it, with a current schema: the embedded one is brought up to date, a shared one
 * must be already, for other instances may be serving from it.
 * @param steps the steps that this program knows.
 * @throws StorageProblem in one line, with what to do; nothing was changed then.
 */
export async function openToServe(
  config: DatabaseConfig,
  timeoutMs: number,
  steps: readonly Migration[] = migrations,
): Promise<Database> {
  const database = await openPrepared(config, timeoutMs, async ({ engine, lock }) => {
    await lock();
    const { pending } = await usableSchema(engine, steps);
    if (pending.length > 0 && config.engine === 'postgres') throw new StorageProblem(behind);
    if (pending.length > 0) await applyMigrations(engine, steps);
    await (config.engine === 'postgres' ? checkTrigrams(engine) : openReaders(engine));
  });
  return config.engine === 'postgres' && config.replicaUrl !== undefined
    ? withReplica(database, { ...config, replicaUrl: config.replicaUrl }, timeoutMs)
    : database;
}

async function withReplica(
  database: Database,
  { replicaUrl: url, poolSize: readerConnections }: { replicaUrl: string; poolSize: number },
  requestTimeoutMs: number,
): Promise<Database> {
  const timeoutMs = Math.min(replicaTimeoutMs, Math.floor(requestTimeoutMs / 4));
  const engine = openPostgres({ url, readerConnections, timeoutMs, standby: true });
  const close = () => engine.close().finally(() => database.close());
  try {
    const finding = await lookAtReplica(database.engine, engine);
    if (finding.level === 'fault') throw new StorageProblem(`the replica ${finding.text}`);
    return { ...database, replica: { engine, timeoutMs, finding }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Opens the database to look at it, also beside whoever serves it.
 * @throws StorageProblem as {@link openToServe}, and where there is no database yet.
 */
export async function openToRead(config: DatabaseConfig, timeoutMs: number): Promise<Database> {
  if (config.engine === 'sqlite' && !existsSync(config.file)) {
    const name = config.temporary ? 'that stays, where sqlite::memory: is gone at exit' : config.file;
    throw new StorageProblem(`there is no database ${name}. Set DATABASE_URL to the one to read.`);
  }
  return openPrepared(config, timeoutMs, async ({ engine }) => {
    const { pending } = await usableSchema(engine);
    if (pending.length > 0) throw new StorageProblem(behind);
  });
}

/**
 * Brings the schema up to date.
 * @returns the names of the steps that were applied.
 * @throws StorageProblem as {@link openToServe}.
 */
export async function migrate(
  config: DatabaseConfig,
  steps: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  if (config.engine === 'sqlite' && config.temporary) {
    throw new StorageProblem(
      'a temporary database has nothing to migrate. Set DATABASE_URL to one that stays.',
    );
  }
  // A migration of a large table takes as long as it takes.
  const database = await open(config, 0);
  try {
    const { engine } = database;
    const { pending } = await currentSchema(engine, steps);
    if (pending.length === 0) return [];
    await database.lock();
    return await (config.engine === 'sqlite'
      ? applyMigrations(engine, steps)
      : withAdvisoryLock(engine, () => migrateShared(engine, steps)));
  } catch (error) {
    throw describeTrouble(error, config, database.engine);
  } finally {
    await database.close();
  }
}

/**
 * Opens the database for a short while, beside whoever serves from it. An embedded one that is new or behind is
 * brought up to date first, if nobody serves it.
 * @throws StorageProblem as {@link openToServe}.
 */
export async function openBeside(config: DatabaseConfig): Promise<Database> {
  if (config.engine === 'sqlite' && config.temporary) {
    throw new StorageProblem(
      'a temporary database is its own process alone. Set DATABASE_URL to one that stays.',
    );
  }
  return openPrepared(config, commandTimeoutMs, async ({ engine, lock }) => {
    const { pending } = await usableSchema(engine);
    if (pending.length === 0) return;
    if (config.engine === 'postgres') throw new StorageProblem(behind);
    await lock();
    await applyMigrations(engine);
  });
}

/** How long a command waits for a statement. */
const commandTimeoutMs = 10_000;

/** What a step needs of the database is made sure of before the first one is applied. */
async function migrateShared(engine: Engine, steps: readonly Migration[]): Promise<readonly string[]> {
  await prepareTrigrams(engine);
  return applyMigrations(engine, steps);
}

/** A database that nothing was changed in yet. */
interface Opened extends Database {
  /** Keeps other processes away from a SQLite file until it is closed; a server serves many. */
  lock(): Promise<void>;
}

/** Opens the database and gets it ready; where that fails, it is closed again and the failure told in one line. */
async function openPrepared(
  config: DatabaseConfig,
  timeoutMs: number,
  prepare: (database: Opened) => Promise<void>,
): Promise<Database> {
  const database = await open(config, timeoutMs);
  try {
    await prepare(database);
    return database;
  } catch (error) {
    await database.close();
    throw describeTrouble(error, config, database.engine);
  }
}

async function open(config: DatabaseConfig, timeoutMs: number): Promise<Opened> {
  if (config.engine === 'postgres') {
    const engine = openPostgres({ url: config.url, readerConnections: config.poolSize, timeoutMs });
    return { engine, lock: async () => {}, close: () => engine.close() };
  }
  const temporary = config.temporary ? await temporaryFile() : undefined;
  const file = temporary?.file ?? config.file;
  try {
    prepareFile(file);
    checkIsDatabase(file);
    checkIsOurs(await glimpseTables(file), 'sqlite');
  } catch (error) {
    await temporary?.remove();
    throw error;
  }
  const bytes = await openFile(file);
  const engine = openSqlite({ file, timeoutMs });
  let unlock = async () => {};
  return {
    engine,
    file: bytes,
    walBytes: async () => (await stat(`${file}-wal`).catch(() => undefined))?.size ?? 0,
    async lock() {
      unlock = await lockFile(file);
    },
    close: () =>
      engine
        .close()
        .finally(() => bytes.close())
        .finally(unlock)
        .finally(temporary?.remove),
  };
}

/** @throws StorageProblem when a newer release has changed the schema so that this one cannot use it. */
async function currentSchema(engine: Engine, steps: readonly Migration[] = migrations) {
  if (engine.dialect.name === 'postgres') await checkServer(engine);
  const state = await readSchemaState(engine, steps);
  // Steps of two releases beside each other would be an order that nobody has tested.
  const strange = state.pending.length > 0 ? [...state.unknown, ...state.newer] : state.unknown;
  if (strange.length === 0) return state;
  throw new StorageProblem(
    `the database schema is newer than this program (it has ${strange.join(', ')}). Run the newer release.`,
  );
}

/** @throws StorageProblem as {@link currentSchema}, and for a database that is not whole. */
async function usableSchema(engine: Engine, steps?: readonly Migration[]) {
  const state = await currentSchema(engine, steps);
  if (!state.incomplete) return state;
  throw new StorageProblem(
    'the database is not complete: customers move is filling it, or was cut off. Run the same customers move again, ' +
      'and wait until it says that everything was verified.',
  );
}

/** One line for the operator instead of a driver's error. */
export function describeTrouble(
  error: unknown,
  config: DatabaseConfig,
  { dialect }: Engine,
  advice = 'Check DATABASE_URL.',
): unknown {
  if (error instanceof StorageProblem) return error;
  const said = error instanceof Error ? error.message : String(error);
  const message = dialect.messageHoldsValues(error) ? 'it refused a value' : withoutSql(said);
  if (config.engine === 'sqlite') return new StorageProblem(`cannot use ${config.file}: ${message}`);
  const unreachable = toFailure(error, dialect, 'read') !== error;
  return new StorageProblem(`cannot ${unreachable ? 'reach' : 'use'} the database: ${message}. ${advice}`);
}

/** Knex puts the statement before the driver's own message. */
function withoutSql(message: string): string {
  return message.slice(message.lastIndexOf(' - ') + 1).replace(/^- /, '');
}
