import { statSync } from 'node:fs';
import { CommitUncertain, type Engine } from './engine.ts';

/** A database file stands no longer where it was opened. */
export class FileMoved extends Error {
  /** What SQLite itself says of it where it looks, which in WAL mode it does not. */
  readonly code = 'SQLITE_READONLY';

  constructor() {
    super('The database file, or its write-ahead log, was moved, replaced or deleted while it is served.');
  }
}

/** How long a look is good for reads. */
const lookTrustedMs = 10;

/**
 * Serves nothing from a file that was moved, replaced or deleted. What is written to it would be gone with the
 * process, and what is read may lack all that stands in the log: a connection that reads for the first time finds no
 * log beside a file that is gone, and takes the database for what it was at its last checkpoint.
 *
 * Looking is synchronous, 11 microseconds, since asking in the background would take a turn of the event loop. A
 * transaction looks before and after. A read goes by a look that is a moment old: it would have been answered the same
 * had it come that moment earlier, for all connections that read are open from the start.
 */
export function keepInPlace(engine: Engine, file: string): Engine {
  const known = new Map<string, string>();
  let lookedAt = Number.NEGATIVE_INFINITY;

  /** The file that is there when it is first looked at is the one; so is its log, when there is one. */
  function assertInPlace(): void {
    for (const path of [file, `${file}-wal`]) {
      const identity = identityOf(path);
      const before = known.get(path);
      if (before === undefined && identity !== undefined) known.set(path, identity);
      else if (identity !== before) throw new FileMoved();
    }
    lookedAt = performance.now();
  }

  return {
    ...engine,
    async read(work) {
      if (performance.now() - lookedAt > lookTrustedMs) assertInPlace();
      return engine.read(work);
    },
    async transaction(work, options) {
      assertInPlace();
      const result = await engine.transaction(work, options);
      try {
        // Again, so that nothing is acknowledged that went into a file that nobody finds.
        assertInPlace();
      } catch (cause) {
        throw new CommitUncertain('COMMIT went into a file that is no longer there', { cause });
      }
      return result;
    },
    async maintain(work, options) {
      assertInPlace();
      return engine.maintain(work, options);
    },
  };
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
