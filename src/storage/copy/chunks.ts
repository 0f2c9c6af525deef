import { createHash } from 'node:crypto';
import type { Engine, Session } from '../engine/engine.ts';

/**
 * How many rows of a part are read, compared and written at once: some megabytes of ordinary customers, and a
 * hundred of the largest there can be.
 */
const pieceMax = 500;

/** A row as both databases tell it: each column as text, in the order of the columns' names. */
export type MovedRow = Readonly<Record<string, string | null>>;

/** The rows of a part from one key, exclusive, up to another, inclusive. */
export interface Piece {
  readonly after: string | undefined;
  readonly last: string | undefined;
  /** In the order of the part's tables. */
  readonly rows: readonly (readonly MovedRow[])[];
}

/** Count and digest of a table. */
export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 over every row as {@link lineOf}, by key. */
  readonly sha256: string;
}

export type ColumnNames = ReadonlyMap<string, readonly string[]>;

/** The columns of each table, sorted, so that both databases list them alike. */
export async function readColumns(engine: Engine): Promise<ColumnNames> {
  const all = await engine.read((session) =>
    session.run<{ table: string; column: string }>(engine.dialect.tableColumns, []),
  );
  const names = (table: string) =>
    all
      .filter((each) => each.table === table)
      .map(({ column }) => column)
      .sort();
  return new Map(all.map(({ table }) => [table, names(table)]));
}

/** Walks through a part, a piece at a time; each piece is of one moment. */
export async function* pieces(
  engine: Engine,
  columns: ColumnNames,
  part: MovedPart,
): AsyncGenerator<Piece, void> {
  const [first, ...others] = part.tables;
  for (let after: string | undefined; ; ) {
    const from = after;
    const piece = await engine.read((session) =>
      atOneMoment(session, async () => {
        const leading = await readRows(session, columns, part, first, { after: from, limit: pieceMax });
        const last = leading.at(-1)?.[part.key] ?? undefined;
        const rows = [leading];
        for (const table of others) {
          rows.push(
            last === undefined ? [] : await readRows(session, columns, part, table, { after: from, last }),
          );
        }
        return { after: from, last, rows };
      }),
    );
    if (piece.last === undefined) return;
    yield piece;
    after = piece.last;
  }
}

/** What a database holds between the keys of another one's piece. */
export function readRange(
  engine: Engine,
  columns: ColumnNames,
  part: MovedPart,
  range: Range,
): Promise<Piece['rows']> {
  return engine.read(async (session) => {
    const rows: (readonly MovedRow[])[] = [];
    for (const table of part.tables) rows.push(await readRows(session, columns, part, table, range));
    return rows;
  });
}

/** A row in the words that both databases have for it: what is compared, and what digests are made of. */
export function lineOf(row: MovedRow): string {
  return JSON.stringify(Object.values(row));
}

/** Count and digest of each table of a part, by a walk of its own. */
export async function digestPart(
  engine: Engine,
  columns: ColumnNames,
  part: MovedPart,
  onPiece: (rows: number) => void,
): Promise<TableDigest[]> {
  const totals = part.tables.map(({ name }) => ({ table: name, rows: 0, hash: createHash('sha256') }));
  for await (const { rows } of pieces(engine, columns, part)) {
    for (const [index, total] of totals.entries()) {
      const lines = rows[index] ?? [];
      for (const row of lines) total.hash.update(`${lineOf(row)}\n`);
      total.rows += lines.length;
    }
    onPiece(rows[0]?.length ?? 0);
  }
  return totals.map(({ table, rows, hash }) => ({ table, rows, sha256: hash.digest('hex') }));
}

export async function countRows(engine: Engine, table: string): Promise<number> {
  const sql = `SELECT count(*) AS count FROM ${table}`;
  const [row] = await engine.read((session) => session.run<{ count: number | string }>(sql, []));
  return Number(row?.count);
}

/** A service may be writing meanwhile: the rows of one customer are to be of the same version of it. */
async function atOneMoment<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  await session.run('BEGIN', []);
  try {
    return await work();
  } finally {
    await session.run('COMMIT', []);
  }
}

export interface Range {
  readonly after: string | undefined;
  readonly last?: string | undefined;
  readonly limit?: number;
}

/** The condition for keys of a range, with the values that it is given; empty for all of them. */
export function whereBetween(
  key: string,
  { after, last }: Range,
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

function readRows(
  session: Session,
  columns: ColumnNames,
  { key }: MovedPart,
  { name, within }: MovedTable,
  range: Range,
): Promise<MovedRow[]> {
  const list = (columns.get(name) ?? []).map((column) => `CAST(${name}.${column} AS text) AS ${column}`);
  const { where, values } = whereBetween(`${name}.${key}`, range);
  const order = [key, ...(within ? [within] : [])].map((column) => `${name}.${column}`).join(', ');
  const most = range.limit === undefined ? '' : ` LIMIT ${range.limit}`;
  return session.run<MovedRow>(
    `SELECT ${list.join(', ')} FROM ${name}${where} ORDER BY ${order}${most}`,
    values,
  );
}

/** A table that is moved. */
export interface MovedTable {
  readonly name: string;
  /** What orders its rows where several have the same key. */
  readonly within?: string;
}

/** Tables that are walked together, for the rows of the first are referred to by those of the others. */
export interface MovedPart {
  /** The column by which all of them are walked. */
  readonly key: string;
  /** Those that are referred to come first. */
  readonly tables: readonly [MovedTable, ...MovedTable[]];
  /** What is unique in the first beside its key, so that rows of an earlier run can be in the way. */
  readonly uniques?: readonly UniqueColumns[];
}

interface UniqueColumns {
  readonly columns: readonly string[];
  /** Whether it holds among live customers only. */
  readonly live?: boolean;
}

/** All that is moved, in this order. A new table gets its place here. */
export const movedParts: readonly MovedPart[] = [
  { key: 'name', tables: [{ name: 'secrets' }] },
  {
    key: 'ordinal',
    tables: [{ name: 'customers' }, { name: 'customer_tags', within: 'tag' }, { name: 'customer_search' }],
    uniques: [
      { columns: ['id'] },
      { columns: ['email_key'], live: true },
      { columns: ['external_id'], live: true },
    ],
  },
  {
    key: 'position',
    tables: [{ name: 'changes' }],
    uniques: [{ columns: ['customer_id', 'version'] }],
  },
  { key: 'key_hash', tables: [{ name: 'idempotency_keys' }] },
  { key: 'customer_id', tables: [{ name: 'erasures' }] },
  { key: 'id', tables: [{ name: 'api_keys' }] },
  { key: 'revision', tables: [{ name: 'api_key_revision' }] },
  { key: 'position', tables: [{ name: 'feed_head' }] },
];

/** What each database has for itself: about its schema, and the index of SQLite for searching. */
export const unmovedTables = /^(schema_\w+|customer_search_index(_\w+)?|unfinished_move)$/;
