/** What a driver's error means for the request that met it. */
export type ErrorMeaning =
  /** A unique index refused the row. */
  | 'unique'
  /** The whole transaction was rolled back for another's sake: the same again may succeed. */
  | 'retry'
  /** A row or key that another transaction holds was not given up in time. */
  | 'locked'
  /** The database cannot serve now; nothing was stored. */
  | 'unavailable'
  /** The statement ran longer than the request may wait. */
  | 'timeout'
  /** A defect, ours or the database's. */
  | 'unknown';

/** How the two drivers tell in their errors what went wrong: a part of the dialect. */
export interface ErrorDialect {
  errorMeaning(error: unknown): ErrorMeaning;
  /** Whether the text of an error may quote what was to be stored, so that it must not be logged. */
  messageHoldsValues(error: unknown): boolean;
  /**
   * Whether the connection was at fault, or the server that it reached: another one may serve. Nothing is stored of
   * a transaction that met it before its COMMIT.
   */
  isConnectionFault(error: unknown): boolean;
  /** Whether a COMMIT that failed so has stored nothing for certain. */
  isRolledBack(error: unknown): boolean;
}

export const sqliteErrors: ErrorDialect = {
  errorMeaning(error) {
    const code = errorCode(error);
    const message = error instanceof Error ? error.message : '';
    if (code === 'SQLITE_CONSTRAINT' && message.includes('UNIQUE constraint')) return 'unique';
    if (code === 'SQLITE_INTERRUPT') return 'timeout';
    return sqliteUnavailable.has(code) ? 'unavailable' : 'unknown';
  },
  // A trigger's RAISE says what its author wanted; SQLite's own constraints name columns only.
  messageHoldsValues: (error) =>
    errorCode(error) === 'SQLITE_CONSTRAINT' && !/constraint failed: [\w.]+/.test((error as Error).message),
  // A file has one way to it, and what is wrong with it stays so for a while.
  isConnectionFault: () => false,
  // A disk that is full is found before the last page is written; an fsync that fails leaves it open.
  isRolledBack: (error) => ['SQLITE_FULL', 'SQLITE_BUSY'].includes(errorCode(error)),
};

export const postgresErrors: ErrorDialect = {
  errorMeaning(error) {
    const code = errorCode(error);
    if (code === '23505') return 'unique';
    if (postgresRetry.has(code)) return 'retry';
    if (code === '57014' || code === cutCode) return 'timeout';
    if (code === '55P03') return 'locked';
    return isLost(error) || postgresUnavailable.has(code) || isConnectionCode(code)
      ? 'unavailable'
      : 'unknown';
  },
  // Data exceptions (class 22) quote the value, and PL/pgSQL's RAISE says what its author wanted, under any code.
  messageHoldsValues: (error) =>
    /^(22|P0)/.test(errorCode(error)) ||
    (error as { routine?: unknown } | null)?.routine === 'exec_stmt_raise',
  // Of the pool's own errors none: they say that all connections are taken, not that one is at fault.
  isConnectionFault: (error) =>
    isConnectionCode(errorCode(error)) || (isLost(error) && !(error as Error).name.endsWith('TimeoutError')),
  isRolledBack: (error) => postgresRetry.has(errorCode(error)),
};

/** The code of the error that a connection is cut with when its lease runs out. */
export const cutCode = 'CONNECTION_CUT';

/** What the driver says of a connection that ended, or did not come about, it says without a code. */
function isLost(error: unknown): boolean {
  return (
    error instanceof Error && errorCode(error) === '' && /connection|timeout|closed/i.test(error.message)
  );
}

function isConnectionCode(code: string): boolean {
  return code.startsWith('08') || postgresConnection.has(code);
}

/** Locked by another process, disk full, read-only or failing storage. */
const sqliteUnavailable = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_PROTOCOL',
]);

/** Serialization failure, deadlock: PostgreSQL has rolled back all of it. */
const postgresRetry = new Set(['40001', '40P01']);

/** Disk or memory full, a limit of its configuration, input or output that failed: on every connection alike. */
const postgresUnavailable = new Set(['53100', '53200', '53400', '58030']);

/** Too many connections, shutting down, crashed, starting up, idle too long, a server that only reads; the socket's. */
const postgresConnection = new Set([
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25006',
  '25P03',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ECONNABORTED',
]);

function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
