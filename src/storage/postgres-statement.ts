import type { Client, Connection, Submittable } from 'pg';
import type { SqlValue } from './engine.ts';

/** A statement's text as the driver wants it. */
export interface StatementText {
  /** By which the server keeps it prepared; without one it is sent whole each time. */
  readonly name?: string;
  readonly text: string;
}

/** What the driver tells of a result's column. */
interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/** The columns of each connection's prepared statements. The server holds to them, or fails. */
const described = new WeakMap<Connection, Map<string, readonly Column[]>>();

/**
 * Runs a statement on a connection that runs no other, prepared there by its first run.
 * @param leading a statement without values and rows that goes ahead of it, prepared already: if that fails this one is
 * not run.
 */
export function runStatement<Row>(
  client: Client,
  statement: StatementText,
  values: readonly SqlValue[],
  leading?: StatementText,
): Promise<Row[]> {
  return new Promise<Row[]>((resolve, reject) => {
    client.query(new StatementRun<Row>(client, statement, values, leading?.name, resolve, reject));
  });
}

export function isPreparedOn(client: Client, { name }: StatementText): boolean {
  return isPrepared((client as Client & { readonly connection: Connection }).connection, name);
}

/**
 * One run of a prepared statement, as an object of our own that the driver's client runs, as it does cursors. The
 * driver's `Query` asks for the columns anew each time and makes a dozen objects: measured 24 to 14 microseconds for
 * a statement of one row.
 */
class StatementRun<Row> implements Submittable {
  readonly name: string | undefined;
  readonly text: string;
  readonly #client: Client;
  readonly #values: readonly SqlValue[];
  readonly #leading: string | undefined;
  readonly #resolve: (rows: Row[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #rows: Row[] = [];
  #columns: readonly Column[] | undefined;
  #connection: Connection | undefined;

  constructor(
    client: Client,
    { name, text }: StatementText,
    values: readonly SqlValue[],
    leading: string | undefined,
    resolve: (rows: Row[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#client = client;
    this.name = name;
    this.text = text;
    this.#values = values;
    this.#leading = leading;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Sends everything at once. Up to `sync` the server does all of it, or nothing that comes after what fails. */
  submit(connection: Connection): void {
    this.#connection = connection;
    const { name, text } = this;
    connection.stream.cork();
    if (this.#leading !== undefined) {
      bind(connection, this.#leading, []);
      connection.execute(null, true);
    }
    if (!isPrepared(connection, name)) connection.parse({ name: name ?? '', text, types: [] }, true);
    else this.#columns = described.get(connection)?.get(name);
    bind(connection, name ?? '', this.#values);
    if (!this.#columns) connection.describe({ type: 'P' }, true);
    connection.execute(null, true);
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: this.#client.getTypeParser(dataTypeID, 'text'),
    }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {};
    const columns = this.#columns ?? [];
    for (let place = 0; place < columns.length; place += 1) {
      const { name, parse } = columns[place] as Column;
      const field = fields[place] ?? null;
      row[name] = field === null ? null : parse(field);
    }
    this.#rows.push(row as Row);
  }

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handleReadyForQuery(): void {
    if (this.name !== undefined && this.#connection)
      remember(this.#connection, this.name, this.#columns ?? []);
    this.#resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }
}

function isPrepared(connection: Connection, name: string | undefined): name is string {
  const { parsedStatements } = connection as Connection & {
    readonly parsedStatements: Record<string, string>;
  };
  return name !== undefined && parsedStatements[name] !== undefined;
}

function bind(connection: Connection, statement: string, values: readonly SqlValue[]): void {
  const texts = values.map((value) => (typeof value === 'number' ? String(value) : value));
  connection.bind({ statement, values: texts }, true);
}

function remember(connection: Connection, name: string, columns: readonly Column[]): void {
  const known = described.get(connection) ?? new Map<string, readonly Column[]>();
  described.set(connection, known);
  known.set(name, columns);
}
