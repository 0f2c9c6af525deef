import { Failure, unavailable } from '../domain/failures.ts';
import { CommitUncertain } from './engine/engine.ts';
import type { Dialect } from './sql/dialect.ts';

/**
 * What a caller may know of a driver's error. The error itself goes along as the cause, for the log.
 * An error that means a defect is returned as it is, and becomes a 500.
 */
export function toFailure(error: unknown, dialect: Dialect, work: 'read' | 'write'): unknown {
  if (error instanceof Failure) return error;
  if (error instanceof CommitUncertain) {
    return unavailable(
      'Whether the write was stored is not known. Read the customer, or repeat the request unchanged if it has an Idempotency-Key.',
      error,
    );
  }
  const again = work === 'write' ? 'Nothing was stored; try again.' : 'Try again.';
  if (error instanceof MovedMeanwhile) return contended(error, again);
  if (error instanceof Error && /^(Knex)?TimeoutError$/.test(error.name)) {
    return unavailable('No database connection became free in time.', error);
  }
  switch (dialect.errorMeaning(error)) {
    case 'unavailable':
      return unavailable(`The database cannot serve this request now. ${again}`, error);
    case 'timeout':
      return unavailable(
        work === 'write'
          ? 'The database took longer than a request may. Nothing was stored; try again.'
          : 'The query took longer than a request may. Narrow it down.',
        error,
      );
    case 'retry':
    case 'locked':
      return contended(error, again);
    default:
      return dialect.messageHoldsValues(error) ? withoutMessage(error) : error;
  }
}

/** The error for the log, without the words that may be a customer's. */
function withoutMessage(error: unknown): Error {
  const { code, table, constraint } = error as Readonly<Record<string, unknown>>;
  const message = 'The database refused a value. Its own message may quote it, and is left out.';
  return Object.assign(new Error(message), { code, table, constraint });
}

function contended(cause: unknown, again: string): Failure {
  return unavailable(`Other requests are changing the same customers. ${again}`, cause);
}

/** Why the database cannot be used, in one line that tells the operator what to do. */
export class StorageProblem extends Error {}

/** Another process serves the SQLite file. */
export class DatabaseInUse extends StorageProblem {}

/**
 * Another instance committed between our look and our write: a key that we did not find is there, or a row
 * that stood in the way is gone. Nothing is wrong; the batch is begun anew.
 */
export class MovedMeanwhile extends Error {}
