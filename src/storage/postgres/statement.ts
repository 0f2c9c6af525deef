import type { Client, Connection, Submittable } from 'pg';
import type { SqlValue } from '../engine/engine.ts';

/** A statement in the form that the pg driver takes. */
export interface StatementText {
  /** The server keeps the statement prepared under this name. Without one it is parsed on each run. */
  readonly name?: string;
  readonly text: string;
}

/**
 * Runs a statement on an idle connection, which prepares it first if needed.
 * @param leading a prepared statement without values and rows, sent ahead in the same round trip. If it fails, the
 * statement itself does not run.
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

/** Whether the connection has the statement prepared. */
export function isPreparedOn(client: Client, { name }: StatementText): boolean {
  return isPrepared((client as Client & { readonly connection: Connection }).connection, name);
}

/** A column in the driver's RowDescription message. */
interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

interface ResultColumn {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/** The result columns of each connection's prepared statements. The server fails a statement whose columns change. */
const columnsByConnection = new WeakMap<Connection, Map<string, readonly ResultColumn[]>>();

/**
 * One run of a statement, submitted to the driver's client the way its cursors are. Replaces the driver's `Query`,
 * which asks the server to describe the columns on every run.
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
  #columns: readonly ResultColumn[] | undefined;
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

  /** Sends all messages in one packet. After an error the server skips the rest, up to Sync. */
  submit(connection: Connection): void {
    this.#connection = connection;
    const { name, text } = this;
    connection.stream.cork();
    if (this.#leading !== undefined) {
      bind(connection, this.#leading, []);
      connection.execute(null, true);
    }
    if (!isPrepared(connection, name)) connection.parse({ name: name ?? '', text, types: [] }, true);
    else this.#columns = columnsByConnection.get(connection)?.get(name);
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
    for (let index = 0; index < columns.length; index += 1) {
      const { name, parse } = columns[index] as ResultColumn;
      const field = fields[index] ?? null;
      row[name] = field === null ? null : parse(field);
    }
    this.#rows.push(row as Row);
  }

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handleReadyForQuery(): void {
    if (this.name !== undefined && this.#connection)
      rememberColumns(this.#connection, this.name, this.#columns ?? []);
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

function rememberColumns(connection: Connection, name: string, columns: readonly ResultColumn[]): void {
  const known = columnsByConnection.get(connection) ?? new Map<string, readonly ResultColumn[]>();
  columnsByConnection.set(connection, known);
  known.set(name, columns);
}
