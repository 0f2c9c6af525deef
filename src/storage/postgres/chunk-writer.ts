import {
  type Chunk,
  type ColumnNames,
  type CopiedRow,
  type KeyRange,
  readRange,
  whereInRange,
} from '../copy/chunks.ts';
import type { TableGroup } from '../copy/tables.ts';
import type { Engine, Session, Work } from '../engine/engine.ts';

/** Writes the chunks of a table group into PostgreSQL. */
export interface ChunkWriter {
  /** Replaces the rows in the chunk's key range, in one transaction. */
  replace(chunk: Chunk): Promise<void>;
  /** Removes the rows after the last key of the source. */
  removeAfter(last: string | undefined): Promise<void>;
}

export async function createChunkWriter(
  engine: Engine,
  columns: ColumnNames,
  group: TableGroup,
): Promise<ChunkWriter> {
  const statements = createStatements(columns, await readColumnTypes(engine), group);
  const childrenFirst = group.tables.map(({ name }) => name).reverse();

  async function removeRange(session: Session, range: KeyRange): Promise<void> {
    const { where, values } = whereInRange(group.key, range);
    for (const table of childrenFirst) await session.run(`DELETE FROM ${table}${where}`, values);
  }

  /** Removes rows of an earlier run that hold unique values of these rows. Their own chunk restores them later. */
  async function removeConflicts(session: Session, rows: readonly CopiedRow[]): Promise<void> {
    const json = JSON.stringify(rows);
    for (const conflicting of statements.conflictingKeys) {
      for (const table of childrenFirst)
        await session.run(`DELETE FROM ${table} WHERE ${group.key} IN (${conflicting})`, [json]);
    }
  }

  function write(chunk: Chunk, options: { readonly removingConflicts: boolean }): Promise<void> {
    return engine.transaction(async (session) => {
      await removeRange(session, chunk);
      if (options.removingConflicts) await removeConflicts(session, chunk.rows[0] ?? []);
      for (const [index, insert] of statements.inserts.entries())
        await session.run(insert, [JSON.stringify(chunk.rows[index] ?? [])]);
    });
  }

  return {
    async replace(chunk) {
      try {
        await write(chunk, { removingConflicts: false });
      } catch (error) {
        if (engine.dialect.errorMeaning(error) !== 'unique') throw error;
        await write(chunk, { removingConflicts: true });
      }
    },
    async removeAfter(last) {
      const rest = await readRange(engine, columns, group, { after: last, limit: 1 });
      if (rest.some((rows) => rows.length > 0)) {
        await engine.transaction((session) => removeRange(session, { after: last }));
      }
    },
  };
}

/** Statements with one parameter: the rows as a JSON array of objects. */
function createStatements(
  columns: ColumnNames,
  types: ReadonlyMap<string, string>,
  { key, tables, uniques = [] }: TableGroup,
): { readonly inserts: readonly string[]; readonly conflictingKeys: readonly string[] } {
  const namesOf = (table: string) => columns.get(table) ?? [];
  const typed = (table: string, column: string) =>
    `CAST(added.${column} AS ${types.get(`${table}.${column}`) ?? 'text'})`;
  // All columns as text, and cast by the database, so that a JSON column keeps every byte.
  const records = (table: string) =>
    `json_to_recordset(CAST(? AS json)) AS added(${namesOf(table)
      .map((column) => `${column} text`)
      .join(', ')})`;
  const inserts = tables.map(({ name: table }) => {
    const names = namesOf(table);
    const values = names.map((column) => typed(table, column));
    return (
      `INSERT INTO ${table} (${names.join(', ')}) OVERRIDING SYSTEM VALUE ` +
      `SELECT ${values.join(', ')} FROM ${records(table)}`
    );
  });
  const [{ name: first }] = tables;
  const conflictingKeys = uniques.map(({ columns: unique, live }) => {
    const conditions = unique.map((column) => `${first}.${column} = ${typed(first, column)}`);
    if (live) conditions.push(`${first}.deleted_at IS NULL`, 'added.deleted_at IS NULL');
    return `SELECT ${first}.${key} FROM ${first} JOIN ${records(first)} ON ${conditions.join(' AND ')}`;
  });
  return { inserts, conflictingKeys };
}

/** Reads the type of each column, by `table.column`. */
async function readColumnTypes(engine: Engine): Promise<ReadonlyMap<string, string>> {
  const sql =
    "SELECT table_name || '.' || column_name AS name, data_type AS type FROM information_schema.columns " +
    'WHERE table_schema = current_schema()';
  const rows = await engine.read((session) => session.run<{ name: string; type: string }>(sql, []));
  return new Map(rows.map(({ name, type }) => [name, type]));
}

/** Prepares the loaded tables for use, and runs the last step in the same transaction. */
export async function finishBulkLoad(engine: Engine, lastStep: Work<void>): Promise<void> {
  // Without statistics the first queries would get bad plans.
  await engine.maintain((session) => session.run('ANALYZE', []));
  await engine.transaction(async (session) => {
    await session.run(
      "SELECT setval(pg_get_serial_sequence('customers', 'ordinal'), coalesce(max(ordinal), 0) + 1, false) " +
        'FROM customers',
      [],
    );
    await lastStep(session);
  });
}
