import type { ApiKeyStore } from '../domain/api-keys.ts';
import type { ChangeFeed, CustomerHistories } from '../domain/change-feed.ts';
import type { ErasureStore } from '../domain/erasure.ts';
import type { CustomerStore } from '../domain/ports.ts';
import type { Clock, IdSource } from '../domain/sources.ts';
import type { StoreLoad } from '../domain/store-load.ts';
import { createApiKeyStore } from './api-keys.ts';
import { createChangeFeed } from './change-feed.ts';
import { createCursorSealer } from './cursors.ts';
import { createCustomerExport } from './customer-export.ts';
import { createCustomerHistories } from './customer-history.ts';
import { createCustomerPages } from './customer-pages.ts';
import { createCustomerReads } from './customer-reads.ts';
import { createCustomerWrites } from './customer-writes.ts';
import type { Database } from './database.ts';
import { createErasures } from './erasure.ts';
import { toFailure } from './error-translation.ts';
import { createFeedNews } from './feed-news.ts';
import { findReadinessFaults } from './readiness.ts';
import { createSweep, type Retention, type SweepReport } from './retention.ts';
import { loadSecrets } from './secrets.ts';

/** An Idempotency-Key is kept for a day, as long as clients may be expected to retry. */
const idempotencyTtlMs = 24 * 60 * 60 * 1000;

/** The customers of an opened database. */
export interface Storage {
  readonly customers: CustomerStore;
  readonly erasures: ErasureStore;
  /** Removes what is past its time. Rejects when the signal ends it, or when the database cannot serve. */
  sweep(signal: AbortSignal): Promise<SweepReport>;
  readonly histories: CustomerHistories;
  readonly feed: ChangeFeed;
  readonly apiKeys: ApiKeyStore;
  readonly load: StoreLoad;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
}

export interface StorageOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** How long things are kept; for ever when absent. */
  readonly retention?: Retention;
}

const keepForEver: Retention = { changesDays: undefined, deletedDays: undefined };

/** Joins the parts of storage over an opened database whose schema is current. */
export async function createStorage(
  database: Database,
  { clock, ids, retention = keepForEver }: StorageOptions,
): Promise<Storage> {
  const { engine } = database;
  const { cursorKey, idempotencyKey } = await loadSecrets(engine);
  const reads = createCustomerReads(engine);
  const cursors = createCursorSealer(cursorKey);
  const list = createCustomerPages(engine, cursors);
  const history = createCustomerHistories(engine, cursors);
  const news = createFeedNews(engine);
  const feed = createChangeFeed(engine, news);
  const { committed } = news;
  const writes = createCustomerWrites(engine, { clock, ids, idempotencyKey, idempotencyTtlMs, committed });
  const erasures = createErasures(database, writes, { idempotencyKey, idempotencyTtlMs });
  const openExport = createCustomerExport(engine);

  async function translated<Result>(work: Promise<Result>, kind: 'read' | 'write' = 'read'): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw toFailure(error, engine.dialect, kind);
    }
  }

  return {
    apiKeys: createApiKeyStore(engine),
    load: { writes: writes.load, reads: engine.readLoad },
    customers: {
      get: (id) => translated(reads.byId(id)),
      getByExternalId: (externalId) => translated(reads.byExternalId(externalId)),
      list: (query) => translated(list(query)),
      export: (filters) => translated(openExport(filters)),
      write: (command, context) => translated(writes.write(command, context), 'write'),
      checkReady: () => findReadinessFaults(engine, writes),
    },
    histories: { list: (query) => translated(history(query)) },
    feed: {
      list: (query) => translated(feed.list(query)),
      readAfter: (position, limit) => translated(feed.readAfter(position, limit)),
      extent: () => translated(feed.extent()),
      watch: (listener) => feed.watch(listener),
    },
    erasures: {
      erase: (id, precondition, context) => translated(erasures.erase(id, precondition, context)),
    },
    sweep: createSweep({ dialect: engine.dialect, writes, erasures }, { retention, ids }),
    async idle() {
      await erasures.stop();
      await writes.idle();
    },
  };
}
