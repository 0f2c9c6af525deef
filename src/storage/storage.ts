import type { ApiKeyStore } from '../domain/api-keys.ts';
import { unavailable } from '../domain/failures.ts';
import type { CustomerStore } from '../domain/ports.ts';
import type { Clock, IdSource } from '../domain/sources.ts';
import { createApiKeyStore } from './api-keys.ts';
import { createCursorSealer } from './cursors.ts';
import { createCustomerPages } from './customer-pages.ts';
import { createCustomerReads } from './customer-reads.ts';
import { createCustomerWrites } from './customer-writes.ts';
import type { Database } from './database.ts';
import { toFailure } from './error-translation.ts';
import { readSchemaState } from './migrator.ts';
import { loadSecrets } from './secrets.ts';

/** An Idempotency-Key is kept for a day, as long as clients may be expected to retry. */
const idempotencyTtlMs = 24 * 60 * 60 * 1000;

/** The customers of an opened database. */
export interface Storage {
  readonly customers: CustomerStore;
  readonly apiKeys: ApiKeyStore;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
}

/** Joins the parts of storage over an opened database whose schema is current. */
export async function createStorage(
  database: Database,
  { clock, ids }: { readonly clock: Clock; readonly ids: IdSource },
): Promise<Storage> {
  const { engine } = database;
  const { cursorKey, idempotencyKey } = await loadSecrets(engine);
  const get = createCustomerReads(engine);
  const list = createCustomerPages(engine, createCursorSealer(cursorKey));
  const writes = createCustomerWrites(engine, { clock, ids, idempotencyKey, idempotencyTtlMs });

  async function translated<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw toFailure(error, engine.dialect);
    }
  }

  return {
    apiKeys: createApiKeyStore(engine),
    customers: {
      get: (id) => translated(get(id)),
      list: (query) => translated(list(query)),
      write: (command, context) => translated(writes.write(command, context)),
      async checkReady() {
        const probe = `SELECT position FROM feed_head ${engine.dialect.lockForProbe}`;
        await translated(engine.transaction((session) => session.run(probe, []), { rollBack: true }));
        const { pending } = await translated(readSchemaState(engine));
        if (pending.length > 0) throw unavailable(`The schema lacks ${pending.join(', ')}.`);
      },
    },
    idle: () => writes.idle(),
  };
}
