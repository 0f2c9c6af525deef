import type { ApiKeyStore } from '../domain/api-keys.ts';
import type { ChangeFeed, CustomerHistories } from '../domain/change-feed.ts';
import type { ErasureStore } from '../domain/erasure.ts';
import type { CustomerStore } from '../domain/ports.ts';
import type { Clock, IdSource } from '../domain/sources.ts';
import type { StoreLoad } from '../domain/store-load.ts';
import type { GroupObserver, StorageFigures } from '../operations/storage-metrics.ts';
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
import type { Migration } from './migration.ts';
import { migrations } from './migrator.ts';
import { findReadinessFaults } from './readiness.ts';
import { createReplicaReads, type ReplicaObserver } from './replica-reads.ts';
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
  readonly figures: StorageFigures;
  readonly load: StoreLoad;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
}

export interface StorageOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** How long things are kept; for ever when absent. */
  readonly retention?: Retention;
  /** Watches the reads that a replica may answer. */
  readonly replicaObserver?: ReplicaObserver;
  /** The steps of the schema that this program knows. */
  readonly steps?: readonly Migration[];
  /** Watches the transactions of writes. */
  readonly groups?: GroupObserver;
}

const unobserved: ReplicaObserver = { onRead() {}, onHealth() {} };

const keepForEver: Retention = { changesDays: undefined, deletedDays: undefined };

/** Joins the parts of storage over an opened database whose schema is current. */
export async function createStorage(
  database: Database,
  {
    clock,
    ids,
    groups,
    retention = keepForEver,
    replicaObserver = unobserved,
    steps = migrations,
  }: StorageOptions,
): Promise<Storage> {
  const { engine, replica } = database;
  // Only what can say how new its answer has to be. All else reads from the engine itself.
  const source = replica ? createReplicaReads(engine, replica, replicaObserver) : engine;
  const { cursorKey, idempotencyKey } = await loadSecrets(engine);
  const reads = createCustomerReads(source);
  const cursors = createCursorSealer(cursorKey);
  const list = createCustomerPages(source, cursors);
  const history = createCustomerHistories(source, cursors);
  const news = createFeedNews(engine);
  const feed = createChangeFeed(engine, news, source);
  const { committed } = news;
  const writes = createCustomerWrites(engine, {
    clock,
    ids,
    idempotencyKey,
    idempotencyTtlMs,
    committed,
    groups,
  });
  const erasures = createErasures(database, writes, { idempotencyKey, idempotencyTtlMs });
  const openExport = createCustomerExport(source);

  async function translated<Result>(work: Promise<Result>, kind: 'read' | 'write' = 'read'): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw toFailure(error, engine.dialect, kind);
    }
  }

  return {
    apiKeys: createApiKeyStore(engine),
    figures: { ...engine.figures, walBytes: database.walBytes },
    load: { writes: writes.load, reads: engine.readLoad },
    customers: {
      get: (id, minFeedPosition, trace) => translated(reads.byId(id, minFeedPosition, trace)),
      getByExternalId: (externalId, minFeedPosition, trace) =>
        translated(reads.byExternalId(externalId, minFeedPosition, trace)),
      list: (query, minFeedPosition, trace) => translated(list(query, minFeedPosition, trace)),
      export: (filters, minFeedPosition, trace) => translated(openExport(filters, minFeedPosition, trace)),
      write: (command, context) => translated(writes.write(command, context), 'write'),
      checkReady: () => findReadinessFaults(engine, writes, steps),
    },
    histories: {
      list: (query, minFeedPosition, trace) => translated(history(query, minFeedPosition, trace)),
    },
    feed: {
      list: (query, minFeedPosition, trace) => translated(feed.list(query, minFeedPosition, trace)),
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
