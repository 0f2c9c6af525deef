import type { Engine } from '../../src/storage/engine/engine.ts';
import { openPostgres } from '../../src/storage/postgres/driver.ts';
import { openSqlite } from '../../src/storage/sqlite/driver.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';

/** A connection of the test's own to the database of a service, to look at its tables or to disturb it. */
export function openDirectly(
  cleanup: Cleanup,
  databaseUrl: string,
  { timeoutMs = 0, readerConnections = 2 } = {},
): Engine {
  const engine = databaseUrl.startsWith('sqlite:')
    ? openSqlite({ file: sqliteFile(databaseUrl), timeoutMs })
    : openPostgres({ url: databaseUrl, readerConnections, timeoutMs });
  afterwards(cleanup, () => engine.close());
  return engine;
}

/** The file of a `sqlite:` URL. */
export function sqliteFile(databaseUrl: string): string {
  return databaseUrl.slice('sqlite:'.length);
}

/** The rows of one query. */
export function select<Row>(engine: Engine, sql: string, ...values: (string | number)[]): Promise<Row[]> {
  return engine.read((session) => session.run<Row>(sql, values));
}

/** Runs statements that answer nothing, each in a transaction of its own. */
export async function execute(engine: Engine, ...statements: string[]): Promise<void> {
  for (const sql of statements) await engine.transaction((session) => session.run(sql, []));
}
