import { v7 as uuidv7 } from 'uuid';
import type { RetentionConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { ChangeFeed } from '../../src/domain/change-feed.ts';
import type { WriteContext } from '../../src/domain/context.ts';
import type { CustomerStore } from '../../src/domain/customer-store.ts';
import type { ErasureStore } from '../../src/domain/erasure.ts';
import type { SweepReport } from '../../src/storage/changes/retention.ts';
import type { Engine } from '../../src/storage/engine/engine.ts';
import { openToServe } from '../../src/storage/open.ts';
import { createStorage } from '../../src/storage/storage.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { type EngineName, migratedDatabaseUrl } from '../support/engines.ts';

export interface OpenStore {
  readonly databaseUrl: string;
  readonly engine: Engine;
  readonly customers: CustomerStore;
  readonly erasures: ErasureStore;
  /** Runs one sweep of expired data. */
  sweep(): Promise<SweepReport>;
  readonly feed: ChangeFeed;
  close(): Promise<void>;
}

interface StoreOptions {
  readonly databaseUrl?: string;
  readonly clock?: () => number;
  readonly timeoutMs?: number;
  readonly retention?: RetentionConfig;
}

/** Opens the store without a service, for states that no HTTP request can create. */
export async function openStore(
  cleanup: Cleanup,
  name: EngineName,
  { databaseUrl: given, clock = Date.now, timeoutMs = 10_000, ...rest }: StoreOptions = {},
): Promise<OpenStore> {
  const databaseUrl = given ?? (await migratedDatabaseUrl(cleanup, name));
  const config = loadConfig({ DATABASE_URL: databaseUrl }).database;
  const database = await openToServe(config, timeoutMs);
  const storage = await createStorage(database, { clock, ids: () => uuidv7(), ...rest });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= storage.idle().then(() => database.close()));
  afterwards(cleanup, close);
  const { customers, erasures, feed } = storage;
  const sweep = () => storage.sweep(new AbortController().signal);
  return { databaseUrl, engine: database.engine, customers, erasures, feed, sweep, close };
}

/** The context of an ordinary write. */
export function plainContext(changes: Partial<WriteContext> = {}): WriteContext {
  return {
    actor: 'tester',
    source: 'api',
    requestId: 'request-1',
    validateOnly: false,
    idempotency: undefined,
    deadlineMs: Date.now() + 60_000,
    ...changes,
  };
}
