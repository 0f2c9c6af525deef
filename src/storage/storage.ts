import type { RetentionConfig } from '../config/config.ts';
import type { ApiKeyStore } from '../domain/authentication.ts';
import type { ChangeFeed, CustomerHistories } from '../domain/change-feed.ts';
import type { Clock, IdSource } from '../domain/clock.ts';
import type { CustomerStore, FailedCheck, StoreQueueStats } from '../domain/customer-store.ts';
import type { ErasureStore } from '../domain/erasure.ts';
import type { GroupObserver, StorageFigures } from '../telemetry/storage-metrics.ts';
import { createApiKeyStore } from './api-keys.ts';
import { createChangeFeed } from './changes/feed.ts';
import { createCustomerHistories } from './changes/history.ts';
import { createCommitNotifier } from './changes/notifier.ts';
import { createSweep, type SweepReport } from './changes/retention.ts';
import { createCursorCodec } from './customers/cursors.ts';
import { createCustomerExport } from './customers/export.ts';
import { createCustomerList } from './customers/list.ts';
import { createCustomerReads } from './customers/reads.ts';
import type { Database } from './engine/backend.ts';
import type { Engine } from './engine/engine.ts';
import { CustomerEraser } from './erasure/erase.ts';
import { translateReadErrors } from './errors.ts';
import type { Migration } from './migrations/migration.ts';
import { migrations, readSchemaState, type SchemaState } from './migrations/migrator.ts';
import { createReplicaReads, type ReplicaObserver } from './postgres/replica.ts';
import { loadSecrets } from './secrets.ts';
import { FileMoved } from './sqlite/file-identity.ts';
import { CustomerWriter } from './writes/writer.ts';

/** Idempotency-Keys are kept for as long as clients can be expected to retry. */
const idempotencyTtlMs = 24 * 60 * 60 * 1000;

/** The stores of an open database, with their maintenance. */
export interface Storage {
  readonly customers: CustomerStore;
  readonly erasures: ErasureStore;
  readonly histories: CustomerHistories;
  readonly feed: ChangeFeed;
  readonly apiKeys: ApiKeyStore;
  readonly figures: StorageFigures;
  readonly queueStats: StoreQueueStats;
  /** Removes expired data. Rejects when aborted or when the database is unavailable. */
  sweep(signal: AbortSignal): Promise<SweepReport>;
  /** Stops background work and resolves when no write is under way. */
  idle(): Promise<void>;
}

export interface StorageOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** By default data is kept for ever. */
  readonly retention?: RetentionConfig;
  readonly replicaObserver?: ReplicaObserver;
  readonly groupObserver?: GroupObserver;
  /** The migrations that this program knows. */
  readonly steps?: readonly Migration[];
}

const noObserver: ReplicaObserver = { onRead() {}, onHealth() {} };

const keepForEver: RetentionConfig = { changesDays: undefined, deletedDays: undefined };

/** Creates the stores of an open database whose schema is current. */
export async function createStorage(
  database: Database,
  {
    clock,
    ids,
    groupObserver,
    retention = keepForEver,
    replicaObserver = noObserver,
    steps = migrations,
  }: StorageOptions,
): Promise<Storage> {
  const { engine, replica } = database;
  const { cursorKey, idempotencyKey } = await loadSecrets(engine);
  const cursors = createCursorCodec(cursorKey);
  const primary = translateReadErrors(engine);
  const source = replica
    ? translateReadErrors(createReplicaReads(engine, replica, replicaObserver))
    : primary;
  const notifier = createCommitNotifier(engine);
  const writer = new CustomerWriter(engine, {
    ...{ clock, ids, idempotencyKey, idempotencyTtlMs, groupObserver },
    onCommit: notifier.committed,
  });
  const eraser = new CustomerEraser(database, writer, { idempotencyKey, idempotencyTtlMs });

  return {
    customers: {
      ...createCustomerReads(source),
      list: createCustomerList(source, cursors),
      export: createCustomerExport(source),
      write: (command, context) => writer.write(command, context),
      checkReady: () => failedReadinessChecks(engine, writer, steps),
    },
    erasures: eraser,
    histories: createCustomerHistories(source, cursors),
    feed: createChangeFeed({ primary, source }, notifier),
    apiKeys: createApiKeyStore(engine),
    figures: { ...engine.figures, walBytes: database.walBytes },
    queueStats: { writes: writer.queueStats, reads: engine.readLoad },
    sweep: createSweep({ dialect: engine.dialect, writer, eraser, retention, ids }),
    async idle() {
      await eraser.stop();
      await writer.idle();
    },
  };
}

/**
 * Returns what keeps the database from serving requests. A rolled-back write transaction detects a server that only
 * accepts reads. It does not detect a full disk, with which reads still work.
 */
async function failedReadinessChecks(
  engine: Engine,
  { queueStats, queueMax }: CustomerWriter,
  steps: readonly Migration[],
): Promise<readonly FailedCheck[]> {
  try {
    const probe = `SELECT position FROM feed_head ${engine.dialect.lockForProbe}`;
    await engine.transaction((session) => session.run(probe, []), { rollBack: true });
    const failed: FailedCheck[] = [];
    const schemaProblem = describeSchemaProblem(await readSchemaState(engine, steps));
    if (schemaProblem) failed.push({ check: 'schema', detail: schemaProblem });
    if (queueStats.waiting >= queueMax) {
      failed.push({ check: 'writes', detail: `${queueStats.waiting} are waiting, which is the limit.` });
    }
    return failed;
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

function describeSchemaProblem({ pending, unknown, incomplete }: SchemaState): string | undefined {
  if (incomplete) return 'It is not complete: customers move is filling it.';
  if (unknown.length > 0) return `A newer release has changed it (${unknown.join(', ')}). Run that release.`;
  return pending.length > 0 ? `It lacks ${pending.join(', ')}.` : undefined;
}
