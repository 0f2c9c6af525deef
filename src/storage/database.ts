import type { DatabaseConfig } from '../config/parsers.ts';
import type { Engine } from './engine.ts';
import { toFailure } from './error-translation.ts';
import { applyMigrations, readSchemaState } from './migrator.ts';
import { checkServer, openPostgres, withAdvisoryLock } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import { checkIsDatabase, lockFile, prepareFile, temporaryFile } from './sqlite-file.ts';
import { StorageProblem } from './storage-problem.ts';

/** An opened database. */
export interface Database {
  readonly engine: Engine;
  close(): Promise<void>;
}

/**
 * Opens the database to serve it, with a current schema: the embedded one is brought up to date, a shared one
 * must be already, for other instances may be serving from it.
 * @throws StorageProblem in one line, with what to do; nothing was changed then.
 */
export async function openToServe(config: DatabaseConfig, timeoutMs: number): Promise<Database> {
  const database = await open(config, timeoutMs, { exclusive: true });
  try {
    const { pending } = await currentSchema(database.engine);
    if (pending.length > 0 && config.engine === 'postgres') {
      throw new StorageProblem('the database schema is not up to date. Run: customers migrate');
    }
    if (pending.length > 0) await applyMigrations(database.engine);
    return database;
  } catch (error) {
    await database.close();
    throw described(error, config, database.engine);
  }
}

/**
 * Brings the schema up to date.
 * @returns the names of the steps that were applied.
 * @throws StorageProblem as {@link openToServe}.
 */
export async function migrate(config: DatabaseConfig): Promise<readonly string[]> {
  if (config.engine === 'sqlite' && config.temporary) {
    throw new StorageProblem(
      'a temporary database has nothing to migrate. Set DATABASE_URL to one that stays.',
    );
  }
  // A migration of a large table takes as long as it takes.
  const database = await open(config, 0, { exclusive: false });
  try {
    const { pending } = await currentSchema(database.engine);
    if (pending.length === 0) return [];
    return await (config.engine === 'sqlite'
      ? withFileLock(config.file, () => applyMigrations(database.engine))
      : withAdvisoryLock(database.engine, () => applyMigrations(database.engine)));
  } catch (error) {
    throw described(error, config, database.engine);
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
  const database = await open(config, commandTimeoutMs, { exclusive: false });
  try {
    const { pending } = await currentSchema(database.engine);
    if (pending.length > 0 && config.engine === 'postgres') {
      throw new StorageProblem('the database schema is not up to date. Run: customers migrate');
    }
    if (pending.length > 0 && config.engine === 'sqlite') {
      await withFileLock(config.file, () => applyMigrations(database.engine));
    }
    return database;
  } catch (error) {
    await database.close();
    throw described(error, config, database.engine);
  }
}

/** How long a command waits for a statement. */
const commandTimeoutMs = 10_000;

async function open(
  config: DatabaseConfig,
  timeoutMs: number,
  { exclusive }: { readonly exclusive: boolean },
): Promise<Database> {
  if (config.engine === 'postgres') {
    const engine = openPostgres({ url: config.url, readerConnections: config.poolSize, timeoutMs });
    return { engine, close: () => engine.close() };
  }
  const temporary = config.temporary ? await temporaryFile() : undefined;
  const file = temporary?.file ?? config.file;
  try {
    prepareFile(file);
    checkIsDatabase(file);
    const unlock = exclusive ? await lockFile(file) : async () => {};
    const engine = openSqlite({ file, timeoutMs });
    return { engine, close: () => engine.close().finally(unlock).finally(temporary?.remove) };
  } catch (error) {
    await temporary?.remove();
    throw error;
  }
}

/** @throws StorageProblem when a newer release has changed the schema. */
async function currentSchema(engine: Engine) {
  if (engine.dialect.name === 'postgres') await checkServer(engine);
  const state = await readSchemaState(engine);
  if (state.unknown.length === 0) return state;
  throw new StorageProblem(
    `the database schema is newer than this program (it has ${state.unknown.join(', ')}). Run the newer release.`,
  );
}

async function withFileLock<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const unlock = await lockFile(file);
  return work().finally(unlock);
}

/** One line for the operator instead of a driver's error. */
function described(error: unknown, config: DatabaseConfig, engine: Engine): unknown {
  if (error instanceof StorageProblem) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (config.engine === 'sqlite') return new StorageProblem(`cannot use ${config.file}: ${message}`);
  const unreachable = toFailure(error, engine.dialect) !== error;
  return new StorageProblem(
    `cannot ${unreachable ? 'reach' : 'use'} the database: ${message}. Check DATABASE_URL.`,
  );
}
