import type { Engine } from '../../src/storage/engine/engine.ts';
import { openPostgres } from '../../src/storage/postgres/driver.ts';
import { openSqlite } from '../../src/storage/sqlite/driver.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';

/** A separate connection to a service's database, to inspect or disturb its tables. */
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

/** Returns the rows of one query. */
export function select<Row>(engine: Engine, sql: string, ...values: (string | number)[]): Promise<Row[]> {
  return engine.read((session) => session.run<Row>(sql, values));
}

/** Runs statements without results, each in its own transaction. */
export async function execute(engine: Engine, ...statements: string[]): Promise<void> {
  for (const sql of statements) await engine.transaction((session) => session.run(sql, []));
}
