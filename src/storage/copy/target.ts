import { createHash } from 'node:crypto';
import type { Engine, Session } from '../engine/engine.ts';
import { StorageProblem } from '../errors.ts';
import { moveMark } from '../migrations/migrator.ts';
import {
  type ColumnNames,
  type MovedPart,
  type MovedRow,
  type Piece,
  readRange,
  whereBetween,
} from './chunks.ts';

/** How a database stands to a move into it. */
export type TargetState =
  /** Empty, or migrated and never used. */
  | 'empty'
  /** An earlier run of the same move has left it. */
  | 'unfinished'
  /** It holds what the source holds or held: the move was completed. */
  | 'moved';

/** Which database a secret is of, without telling the secret. */
export async function identify(engine: Engine): Promise<string> {
  const sql = "SELECT value FROM secrets WHERE name = 'master'";
  const [row] = await engine.read((session) => session.run<{ value: string }>(sql, []));
  return row ? createHash('sha256').update(`customers move ${row.value}`).digest('hex') : 'never served';
}

/**
 * Looks, and changes nothing.
 * @param source as {@link identify} tells it.
 * @throws StorageProblem for a database that holds anything else.
 */
export async function readTargetState(engine: Engine, source: string): Promise<TargetState> {
  const look = <Row>(sql: string) => engine.read((session) => session.run<Row>(sql, []));
  const tables = (await look<{ name: string }>(engine.dialect.listTables)).map(({ name }) => name);
  if (tables.includes(moveMark)) {
    const [mark] = await look<{ source: string }>(`SELECT source FROM ${moveMark}`);
    if (mark?.source === source) return 'unfinished';
    throw new StorageProblem(
      'an unfinished move of another database is in the target. Name an empty one, or drop and create it anew.',
    );
  }
  if (!tables.includes('schema_migrations')) {
    if (!tables.includes('customers')) return 'empty';
    throw new StorageProblem('the target holds a table customers of another application. Name an empty one.');
  }
  const used = ['secrets', 'customers', 'changes', 'api_keys'].filter((table) => tables.includes(table));
  for (const table of used) {
    if ((await look(`SELECT 1 AS one FROM ${table} LIMIT 1`)).length === 0) continue;
    if (tables.includes('secrets') && (await identify(engine)) === source) return 'moved';
    throw new StorageProblem(
      `the target is in use already: its table ${table} is not empty. A service was started on it, or it holds ` +
        'other customers. Name an empty one.',
    );
  }
  return 'empty';
}

/** From here on nothing is served from the database, until {@link finish}. */
export async function markUnfinished(engine: Engine, source: string): Promise<void> {
  await engine.transaction(async (session) => {
    await session.run(`CREATE TABLE ${moveMark} (source text NOT NULL)`, []);
    await session.run(`INSERT INTO ${moveMark} (source) VALUES (?)`, [source]);
  });
}

/** The next customer comes after those that were moved, and whoever waits may serve. */
export async function finish(engine: Engine): Promise<void> {
  // Without it the first queries would go by guesses.
  await engine.maintain((session) => session.run('ANALYZE', []));
  await engine.transaction(async (session) => {
    await session.run(
      "SELECT setval(pg_get_serial_sequence('customers', 'ordinal'), coalesce(max(ordinal), 0) + 1, false) " +
        'FROM customers',
      [],
    );
    await session.run(`DROP TABLE ${moveMark}`, []);
  });
}

/** Writes pieces of a part into PostgreSQL. */
export interface PieceWriter {
  /** Makes the target hold this between the piece's keys, all or nothing. */
  replace(piece: Piece): Promise<void>;
  /** Removes what comes after the last key of the source. */
  removeAfter(last: string | undefined): Promise<void>;
}

export async function createPieceWriter(
  engine: Engine,
  columns: ColumnNames,
  part: MovedPart,
): Promise<PieceWriter> {
  const { key, tables } = part;
  const types = await readTypes(engine);
  const childrenFirst = tables.map(({ name }) => name).reverse();
  const typeOf = (table: string, column: string) => types.get(`${table}.${column}`) ?? 'text';

  /** All as text in JSON, and each cast by the database: so a JSON column keeps every byte of its text. */
  function records(table: string): string {
    const fields = (columns.get(table) ?? []).map((column) => `${column} text`);
    return `json_to_recordset(CAST(? AS json)) AS added(${fields.join(', ')})`;
  }

  async function insert(session: Session, table: string, rows: readonly MovedRow[]): Promise<void> {
    const names = columns.get(table) ?? [];
    const values = names.map((column) => `CAST(added.${column} AS ${typeOf(table, column)})`);
    await session.run(
      `INSERT INTO ${table} (${names.join(', ')}) OVERRIDING SYSTEM VALUE ` +
        `SELECT ${values.join(', ')} FROM ${records(table)}`,
      [JSON.stringify(rows)],
    );
  }

  async function remove(session: Session, range: Pick<Piece, 'after' | 'last'>): Promise<void> {
    const { where, values } = whereBetween(key, range);
    for (const table of childrenFirst) await session.run(`DELETE FROM ${table}${where}`, values);
  }

  /** Rows of an earlier run that hold what has changed hands since: they differ, and their turn comes. */
  async function clearTheWay(session: Session, rows: readonly MovedRow[]): Promise<void> {
    const [{ name: table }] = tables;
    const text = JSON.stringify(rows);
    for (const { columns: unique, live } of part.uniques ?? []) {
      const same = unique.map((name) => `${table}.${name} = CAST(added.${name} AS ${typeOf(table, name)})`);
      if (live) same.push(`${table}.deleted_at IS NULL`, 'added.deleted_at IS NULL');
      const held = `SELECT ${table}.${key} FROM ${table} JOIN ${records(table)} ON ${same.join(' AND ')}`;
      for (const each of childrenFirst)
        await session.run(`DELETE FROM ${each} WHERE ${key} IN (${held})`, [text]);
    }
  }

  const write = (piece: Piece, { clearing }: { readonly clearing: boolean }) =>
    engine.transaction(async (session) => {
      await remove(session, piece);
      if (clearing) await clearTheWay(session, piece.rows[0] ?? []);
      for (const [index, { name }] of tables.entries()) await insert(session, name, piece.rows[index] ?? []);
    });

  return {
    async replace(piece) {
      try {
        await write(piece, { clearing: false });
      } catch (error) {
        if (engine.dialect.errorMeaning(error) !== 'unique') throw error;
        await write(piece, { clearing: true });
      }
    },
    async removeAfter(last) {
      const rest = await readRange(engine, columns, part, { after: last, limit: 1 });
      if (rest.some((rows) => rows.length > 0)) {
        await engine.transaction((session) => remove(session, { after: last, last: undefined }));
      }
    },
  };
}

/** The type of each column, as `table.column`. */
async function readTypes(engine: Engine): Promise<ReadonlyMap<string, string>> {
  const sql =
    "SELECT table_name || '.' || column_name AS name, data_type AS type FROM information_schema.columns " +
    'WHERE table_schema = current_schema()';
  const rows = await engine.read((session) => session.run<{ name: string; type: string }>(sql, []));
  return new Map(rows.map(({ name, type }) => [name, type]));
}
