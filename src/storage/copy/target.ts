import { createHash } from 'node:crypto';
import type { Engine, Session } from '../engine/engine.ts';
import { StorageError } from '../errors.ts';
import { unfinishedMoveTable } from '../migrations/migrator.ts';

/** What a database holds, as the target of a move. */
export type TargetState =
  /** Nothing, or a migrated schema that was never used. */
  | 'empty'
  /** The rows of an interrupted move from the same source. */
  | 'unfinished'
  /** A completed move from the same source. */
  | 'moved';

/** Returns a fingerprint of a database, derived from its master secret. */
export async function identify(engine: Engine): Promise<string> {
  const sql = "SELECT value FROM secrets WHERE name = 'master'";
  const [row] = await engine.read((session) => session.run<{ value: string }>(sql, []));
  return row ? createHash('sha256').update(`customers move ${row.value}`).digest('hex') : 'never served';
}

/**
 * Reads the state of the target. Changes nothing.
 * @param source the source's fingerprint.
 * @throws StorageError for a database that holds anything else.
 */
export async function readTargetState(engine: Engine, source: string): Promise<TargetState> {
  const query = <Row>(sql: string) => engine.read((session) => session.run<Row>(sql, []));
  const tables = (await query<{ name: string }>(engine.dialect.listTables)).map(({ name }) => name);
  if (tables.includes(unfinishedMoveTable)) {
    const [mark] = await query<{ source: string }>(`SELECT source FROM ${unfinishedMoveTable}`);
    if (mark?.source === source) return 'unfinished';
    throw new StorageError(
      'an unfinished move of another database is in the target. Name an empty one, or drop and recreate it.',
    );
  }
  if (!tables.includes('schema_migrations')) {
    if (!tables.includes('customers')) return 'empty';
    throw new StorageError('the target holds a table customers of another application. Name an empty one.');
  }
  const used = ['secrets', 'customers', 'changes', 'api_keys'].filter((table) => tables.includes(table));
  for (const table of used) {
    if ((await query(`SELECT 1 AS one FROM ${table} LIMIT 1`)).length === 0) continue;
    if (tables.includes('secrets') && (await identify(engine)) === source) return 'moved';
    throw new StorageError(
      `the target is in use already: its table ${table} is not empty. A service was started on it, or it holds ` +
        'other customers. Name an empty one.',
    );
  }
  return 'empty';
}

/** Marks the target as incomplete: no service starts on it until {@link clearUnfinished}. */
export async function markUnfinished(engine: Engine, source: string): Promise<void> {
  await engine.transaction(async (session) => {
    await session.run(`CREATE TABLE ${unfinishedMoveTable} (source text NOT NULL)`, []);
    await session.run(`INSERT INTO ${unfinishedMoveTable} (source) VALUES (?)`, [source]);
  });
}

/** Marks the target as complete, so that services can start on it. */
export async function clearUnfinished(session: Session): Promise<void> {
  await session.run(`DROP TABLE ${unfinishedMoveTable}`, []);
}
