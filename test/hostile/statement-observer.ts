import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import sqlite3 from 'sqlite3';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { type EngineName, freshDatabaseUrl } from '../support/engines.ts';

export interface ObservedDatabase {
  /** The service's DATABASE_URL. */
  readonly databaseUrl: string;
  /** The shapes of the statements that reached the database since the last call. */
  takeShapes(): Set<string>;
}

/** A new database, and the statements that it receives, as the database sees them. */
export async function observedDatabase(cleanup: Cleanup, engine: EngineName): Promise<ObservedDatabase> {
  let shapes = new Set<string>();
  const record = (shape: string) => void shapes.add(shape);
  const url = await freshDatabaseUrl(cleanup, engine);
  const databaseUrl =
    engine === 'sqlite' ? observeSqlite(cleanup, url, record) : await observePostgres(cleanup, url, record);
  return {
    databaseUrl,
    takeShapes() {
      const taken = shapes;
      shapes = new Set();
      return taken;
    },
  };
}

/** Removes values, because SQLite's trace shows statements with their values filled in. */
function shapeOf(sql: string): string {
  return sql
    .replace(/'(?:[^']|'')*'/g, '?')
    .replace(/\bNULL\b/g, '?')
    .replace(/\b\d+(?:\.\d+)?\b/g, '?')
    .replace(/\s+/g, ' ');
}

/**
 * Records the statements that each connection of this process prepares, and through SQLite's trace those it
 * runs, without changing any.
 */
function observeSqlite(cleanup: Cleanup, url: string, record: (sql: string) => void): string {
  const { exec, prepare } = sqlite3.Database.prototype;
  const observed = new WeakSet<sqlite3.Database>();
  // Knex's pool sets up every new connection with `exec`, which is the first time we see it.
  sqlite3.Database.prototype.exec = function observeConnection(sql, done) {
    if (!observed.has(this))
      this.on('trace', (text: string) => {
        // A comment is a statement that a virtual table runs inside another; the search index has some.
        if (!text.startsWith('--')) record(shapeOf(text));
      });
    observed.add(this);
    return exec.call(this, sql, done);
  };
  sqlite3.Database.prototype.prepare = function observeStatement(
    this: sqlite3.Database,
    sql: string,
    ...rest
  ) {
    record(sql);
    return (prepare as (...args: unknown[]) => sqlite3.Statement).call(this, sql, ...rest);
  };
  afterwards(cleanup, () => {
    Object.assign(sqlite3.Database.prototype, { exec, prepare });
  });
  return url;
}

/** A proxy to PostgreSQL that reads the statements in Parse and Query messages. */
async function observePostgres(
  cleanup: Cleanup,
  url: string,
  record: (sql: string) => void,
): Promise<string> {
  const { port, hostname } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
    client.on('data', messageReader(record));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(cleanup, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('The proxy has no port.');
  return Object.assign(new URL(url), { host: `127.0.0.1:${address.port}` }).href;
}

/** Splits a client's bytes into messages: a type (except for the first), a length, and the payload. */
function messageReader(record: (sql: string) => void) {
  let waiting = Buffer.alloc(0);
  let started = false;
  return (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (;;) {
      const typeBytes = started ? 1 : 0;
      if (waiting.length < typeBytes + 4) return;
      const length = typeBytes + waiting.readUInt32BE(typeBytes);
      if (waiting.length < length) return;
      if (started) readMessage(waiting.subarray(0, length), record);
      started = true;
      waiting = waiting.subarray(length);
    }
  };
}

function readMessage(message: Buffer, record: (sql: string) => void): void {
  const type = String.fromCharCode(message[0] ?? 0);
  const texts = message.subarray(5).toString().split('\0');
  if (type === 'Q') record(texts[0] ?? '');
  if (type === 'P') record(texts[1] ?? '');
}
