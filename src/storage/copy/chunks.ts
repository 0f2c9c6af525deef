import { createHash } from 'node:crypto';
import type { Engine, Session } from '../engine/engine.ts';
import type { CopiedTable, TableGroup } from './tables.ts';

/** Rows of a group's first table that are read, compared and written at once. Bounds memory. */
const chunkRowsMax = 500;

/** A row with each column as text, in order of column names, so that both databases render it to the same bytes. */
export type CopiedRow = Readonly<Record<string, string | null>>;

/** The rows of a table group in a range of keys. */
export interface Chunk {
  /** The range's start, exclusive; undefined for the first row. */
  readonly after: string | undefined;
  /** The range's end, inclusive; undefined for the last row. */
  readonly last: string | undefined;
  /** One element for each table of the group. */
  readonly rows: readonly (readonly CopiedRow[])[];
}

/** Column names by table. */
export type ColumnNames = ReadonlyMap<string, readonly string[]>;

/** Reads the columns of each table, sorted by name. */
export async function readColumns(engine: Engine): Promise<ColumnNames> {
  const all = await engine.read((session) =>
    session.run<{ table: string; column: string }>(engine.dialect.listColumns, []),
  );
  const names = (table: string) =>
    all
      .filter((each) => each.table === table)
      .map(({ column }) => column)
      .sort();
  return new Map(all.map(({ table }) => [table, names(table)]));
}

/** Reads a table group in chunks, each one from a single snapshot. */
export async function* readChunks(
  engine: Engine,
  columns: ColumnNames,
  group: TableGroup,
): AsyncGenerator<Chunk, void> {
  for (let after: string | undefined; ; ) {
    const from = after;
    const chunk = await engine.read((session) =>
      inSnapshot(session, () => readChunk(session, columns, group, from)),
    );
    if (chunk.last === undefined) return;
    yield chunk;
    after = chunk.last;
  }
}

/** Runs work in a read transaction, so that all rows of a customer are of the same version while a service writes. */
async function inSnapshot<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  await session.run('BEGIN', []);
  try {
    return await work();
  } finally {
    await session.run('COMMIT', []);
  }
}

async function readChunk(
  session: Session,
  columns: ColumnNames,
  group: TableGroup,
  after: string | undefined,
): Promise<Chunk> {
  const [first, ...others] = group.tables;
  const leading = await readRows(session, columns, group, first, { after, limit: chunkRowsMax });
  const last = leading.at(-1)?.[group.key] ?? undefined;
  const rows = [leading];
  for (const table of others) {
    rows.push(last === undefined ? [] : await readRows(session, columns, group, table, { after, last }));
  }
  return { after, last, rows };
}

/** Reads a database's rows in the key range of another database's chunk. */
export function readRange(
  engine: Engine,
  columns: ColumnNames,
  group: TableGroup,
  range: KeyRange,
): Promise<Chunk['rows']> {
  return engine.read(async (session) => {
    const rows: (readonly CopiedRow[])[] = [];
    for (const table of group.tables) rows.push(await readRows(session, columns, group, table, range));
    return rows;
  });
}

/** A range of keys: `after` exclusive, `last` inclusive, undefined for no bound. */
export interface KeyRange {
  readonly after: string | undefined;
  readonly last?: string | undefined;
  readonly limit?: number;
}

function readRows(
  session: Session,
  columns: ColumnNames,
  { key }: TableGroup,
  { name, thenBy }: CopiedTable,
  range: KeyRange,
): Promise<CopiedRow[]> {
  const list = (columns.get(name) ?? []).map((column) => `CAST(${name}.${column} AS text) AS ${column}`);
  const { where, values } = whereInRange(`${name}.${key}`, range);
  const order = [key, ...(thenBy ? [thenBy] : [])].map((column) => `${name}.${column}`).join(', ');
  const limit = range.limit === undefined ? '' : ` LIMIT ${range.limit}`;
  return session.run<CopiedRow>(
    `SELECT ${list.join(', ')} FROM ${name}${where} ORDER BY ${order}${limit}`,
    values,
  );
}

/** Returns the WHERE clause for a range of keys, empty for all of them, and its values. */
export function whereInRange(
  key: string,
  { after, last }: KeyRange,
): { readonly where: string; readonly values: readonly string[] } {
  const bounds = [
    ...(after === undefined ? [] : [`${key} > ?`]),
    ...(last === undefined ? [] : [`${key} <= ?`]),
  ];
  return {
    where: bounds.length > 0 ? ` WHERE ${bounds.join(' AND ')}` : '',
    values: [after, last].filter((value) => value !== undefined),
  };
}

/** Row count and digest of a table. */
export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 of the {@link rowText} of every row, in order of keys, with a newline after each. */
  readonly sha256: string;
}

/** Reads a table group again and returns the digest of each table. */
export async function digestGroup(
  engine: Engine,
  columns: ColumnNames,
  group: TableGroup,
  onChunk: (rows: number) => void,
): Promise<TableDigest[]> {
  const totals = group.tables.map(({ name }) => ({ table: name, rows: 0, hash: createHash('sha256') }));
  for await (const { rows } of readChunks(engine, columns, group)) {
    for (const [index, total] of totals.entries()) {
      const tableRows = rows[index] ?? [];
      for (const row of tableRows) total.hash.update(`${rowText(row)}\n`);
      total.rows += tableRows.length;
    }
    onChunk(rows[0]?.length ?? 0);
  }
  return totals.map(({ table, rows, hash }) => ({ table, rows, sha256: hash.digest('hex') }));
}

/** Renders a row to the same text on both databases, for comparison and digests. */
export function rowText(row: CopiedRow): string {
  return JSON.stringify(Object.values(row));
}

export async function countRows(engine: Engine, table: string): Promise<number> {
  const sql = `SELECT count(*) AS count FROM ${table}`;
  const [row] = await engine.read((session) => session.run<{ count: number | string }>(sql, []));
  return Number(row?.count);
}
