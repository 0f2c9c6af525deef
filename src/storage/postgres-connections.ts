import type { Socket } from 'node:net';
import type { Client } from 'pg';
import { cutCode } from './error-dialect.ts';

/** A connection that was idle for longer is asked whether it still lives before it is lent. */
const trustedIdleMs = 2000;

/** How long it may take to answer that. */
const livenessTimeoutMs = 1000;

/** What is known of the connections to one database. */
export interface ConnectionHealth {
  /** The server has answered on it. */
  noteAnswer(connection: Client): void;
  /** A server is gone, or is not the primary any more: no connection is lent that has answered nothing since. */
  suspectAll(): void;
  /** Whether the connection may be lent. One that died without a word would cost its next user a whole deadline. */
  isAlive(connection: Client): Promise<boolean>;
}

export function createConnectionHealth(timeoutMs: number): ConnectionHealth {
  const answeredAt = new WeakMap<Client, number>();
  const patienceMs = timeoutMs === 0 ? livenessTimeoutMs : Math.min(livenessTimeoutMs, timeoutMs / 4);
  let suspectedAt = Number.NEGATIVE_INFINITY;

  return {
    noteAnswer(connection) {
      answeredAt.set(connection, performance.now());
    },
    suspectAll() {
      suspectedAt = performance.now();
    },
    async isAlive(connection) {
      const answered = answeredAt.get(connection) ?? Number.NEGATIVE_INFINITY;
      // Not asked one by one, which would take its time for each of them: a new one costs little.
      if (answered < suspectedAt) return false;
      if (performance.now() - answered < trustedIdleMs) return true;
      if (!(await answersWithin(connection, patienceMs))) {
        suspectedAt = performance.now();
        return false;
      }
      answeredAt.set(connection, performance.now());
      return true;
    },
  };
}

async function answersWithin(connection: Client, patienceMs: number): Promise<boolean> {
  const timer = setTimeout(() => cut(connection), patienceMs);
  try {
    await connection.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a connection whose server does not answer: waiting on it would last until the kernel gives up. */
export function cut(connection: Client): void {
  discard(connection);
  const error = new Error('The connection was cut: the server did not answer in time.');
  streamOf(connection).destroy(Object.assign(error, { code: cutCode }));
}

/** Knex's pool asks for this mark before it lends a connection. */
export function discard(connection: Client): void {
  (connection as Client & { __knex__disposed?: boolean }).__knex__disposed = true;
}

export function streamOf(connection: Client): Socket {
  return (connection as Client & { connection: { stream: Socket } }).connection.stream;
}
