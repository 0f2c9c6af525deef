import type { ApiKeyStore } from '../domain/authentication.ts';
import type { ChangeFeed, CustomerHistories } from '../domain/change-feed.ts';
import type { Clock, IdSource } from '../domain/clock.ts';
import type { CustomerStore, QueueLoad, ReadinessFault, StoreLoad } from '../domain/customer-store.ts';
import type { ErasureStore } from '../domain/erasure.ts';
import type { GroupObserver, StorageFigures } from '../telemetry/storage-metrics.ts';
import { createApiKeyStore } from './api-keys.ts';
import { createChangeFeed, createFeedNews } from './changes/feed.ts';
import { createCustomerHistories } from './changes/history.ts';
import { createSweep, type Retention, type SweepReport } from './changes/retention.ts';
import { createCursorSealer } from './customers/cursors.ts';
import { createCustomerExport } from './customers/export.ts';
import { createCustomerPages } from './customers/list.ts';
import { createCustomerReads } from './customers/reads.ts';
import type { Engine } from './engine/engine.ts';
import { createErasures } from './erasure/erase.ts';
import { toFailure } from './errors.ts';
import type { Migration } from './migrations/migration.ts';
import { migrations, readSchemaState, type SchemaState } from './migrations/migrator.ts';
import type { Database } from './open.ts';
import { createReplicaReads, type ReplicaObserver } from './postgres/replica.ts';
import { loadSecrets } from './secrets.ts';
import { FileMoved } from './sqlite/driver.ts';
import { createCustomerWrites } from './writes/writer.ts';

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

/** The writes that wait, and how many may. */
export interface WriteQueue {
  readonly load: QueueLoad;
  readonly queueMax: number;
}

/**
 * Looks what keeps the database from serving. A write transaction is begun and rolled back, which a server that only
 * reads refuses. It stores nothing, so that a full disk is not seen: reads go on there, and each write tells.
 */
export async function findReadinessFaults(
  engine: Engine,
  { load, queueMax }: WriteQueue,
  steps: readonly Migration[],
): Promise<readonly ReadinessFault[]> {
  try {
    const probe = `SELECT position FROM feed_head ${engine.dialect.lockForProbe}`;
    await engine.transaction((session) => session.run(probe, []), { rollBack: true });
    const faults: ReadinessFault[] = [];
    const schema = schemaFault(await readSchemaState(engine, steps));
    if (schema) faults.push({ check: 'schema', detail: schema });
    if (load.waiting >= queueMax) {
      faults.push({ check: 'writes', detail: `${load.waiting} wait, which is as many as may.` });
    }
    return faults;
  } catch (cause) {
    if (cause instanceof FileMoved || (cause instanceof Error && cause.cause instanceof FileMoved)) {
      return [
        { check: 'file', detail: 'It was moved, replaced or deleted. Start the service again.', cause },
      ];
    }
    const { code } = cause as { readonly code?: unknown };
    const named = typeof code === 'string' && /^[A-Z0-9_]{5,40}$/.test(code) ? ` (${code})` : '';
    return [{ check: 'database', detail: `It takes no write transaction now${named}.`, cause }];
  }
}

function schemaFault({ pending, unknown, incomplete }: SchemaState): string | undefined {
  if (incomplete) return 'It is not complete: customers move is filling it.';
  if (unknown.length > 0) return `A newer release has changed it (${unknown.join(', ')}). Run that release.`;
  return pending.length > 0 ? `It lacks ${pending.join(', ')}.` : undefined;
}
