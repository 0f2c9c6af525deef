import { statSync } from 'node:fs';
import { CommitUncertain, type Engine } from '../engine/engine.ts';

/** The database file is no longer the one that was opened. */
export class FileMoved extends Error {
  /** SQLite's own code for this, which it does not raise in WAL mode. */
  readonly code = 'SQLITE_READONLY';

  constructor() {
    super('The database file, or its write-ahead log, was moved, replaced or deleted while it is served.');
  }
}

/** How long reads rely on the last check of the file. */
const checkIntervalMs = 10;

/**
 * Refuses to serve from a file that was moved, replaced or deleted. Writes to such a file are lost when the process
 * ends, and reads may miss everything in the log: a connection that finds no log next to a deleted file takes the
 * database to be as of its last checkpoint.
 *
 * Transactions check the identity (device and inode) before and after. Reads rely on a recent check, which is safe
 * because all reading connections are opened at start. The check is synchronous: an asynchronous one would cost each
 * read a turn of the event loop.
 */
export function guardFileIdentity(engine: Engine, file: string): Engine {
  const known = new Map<string, string>();
  let checkedAt = Number.NEGATIVE_INFINITY;

  /** @throws FileMoved unless the file and its log, once it exists, are the first ones seen. */
  function assertUnmoved(): void {
    for (const path of [file, `${file}-wal`]) {
      const identity = identityOf(path);
      const before = known.get(path);
      if (before === undefined && identity !== undefined) known.set(path, identity);
      else if (identity !== before) throw new FileMoved();
    }
    checkedAt = performance.now();
  }

  return {
    ...engine,
    async read(work) {
      if (performance.now() - checkedAt > checkIntervalMs) assertUnmoved();
      return engine.read(work);
    },
    async transaction(work, options) {
      assertUnmoved();
      const result = await engine.transaction(work, options);
      try {
        // Never acknowledge a write that went into a deleted file.
        assertUnmoved();
      } catch (cause) {
        throw new CommitUncertain('COMMIT went into a file that is no longer there', { cause });
      }
      return result;
    },
    async maintain(work, options) {
      assertUnmoved();
      return engine.maintain(work, options);
    },
  };
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
