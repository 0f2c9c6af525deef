import { Failure, unavailable } from '../domain/failures.ts';
import { CommitUncertain, type ReadSource } from './engine/engine.ts';
import type { Dialect } from './sql/dialect.ts';

/** Why the database cannot be used: one line that says what the operator has to do. */
export class StorageError extends Error {}

/** Another process is serving the SQLite file. */
export class DatabaseInUseError extends StorageError {}

/**
 * Another instance committed between a read and a write of this transaction: a key that was absent now exists, or
 * the row that blocked a write is gone. Running the transaction again resolves it.
 */
export class WriteConflict extends Error {}

/** Makes the reads of a source reject with a {@link toFailure} instead of a driver's error. */
export function translateReadErrors({ dialect, read }: ReadSource): ReadSource {
  return { dialect, read: (work, options) => translateErrors(read(work, options), dialect, 'read') };
}

/** Awaits work and rejects with {@link toFailure} of its error. */
export async function translateErrors<Result>(
  work: Promise<Result>,
  dialect: Dialect,
  kind: 'read' | 'write',
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw toFailure(error, dialect, kind);
  }
}

/**
 * Translates a driver's error to what a caller may see; the error itself becomes the cause, for the log. An error
 * that means a bug is returned unchanged, without its message if that may quote stored values.
 */
export function toFailure(error: unknown, dialect: Dialect, kind: 'read' | 'write'): unknown {
  if (error instanceof Failure) return error;
  if (error instanceof CommitUncertain) {
    return unavailable(
      'Whether the write was stored is not known. Read the customer, or repeat the request unchanged if it has an Idempotency-Key.',
      error,
    );
  }
  const advice = kind === 'write' ? 'Nothing was stored; try again.' : 'Try again.';
  if (error instanceof WriteConflict) return contended(error, advice);
  if (error instanceof Error && /^(Knex)?TimeoutError$/.test(error.name)) {
    return unavailable('No database connection became free in time.', error);
  }
  switch (dialect.errorMeaning(error)) {
    case 'unavailable':
      return unavailable(`The database cannot serve this request now. ${advice}`, error);
    case 'timeout':
      return unavailable(
        kind === 'write'
          ? 'The database took longer than a request may. Nothing was stored; try again.'
          : 'The query took longer than a request may. Narrow it down.',
        error,
      );
    case 'retry':
    case 'locked':
      return contended(error, advice);
    default:
      return dialect.messageHoldsValues(error) ? withoutMessage(error) : error;
  }
}

function withoutMessage(error: unknown): Error {
  const { code, table, constraint } = error as Readonly<Record<string, unknown>>;
  const message = 'The database refused a value. Its own message may quote it, and is left out.';
  return Object.assign(new Error(message), { code, table, constraint });
}

function contended(cause: unknown, advice: string): Failure {
  return unavailable(`Other requests are changing the same customers. ${advice}`, cause);
}
